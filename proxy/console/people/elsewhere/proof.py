"""Whether an ID token is a proof for this very login: its signature, and each claim that has to fit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from proxy.console.people.elsewhere.pending import Begun, NoProof
from proxy.console.people.elsewhere.provider import Provider, Tokens

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""What a signature may be made with: never `none`, nor a secret that both sides have."""
_LEEWAY = 60
# A code was exchanged a moment ago, so its token is new.
_OLDEST = 600
_LONGEST_SUBJECT = 255


async def claims_of(tokens: Tokens, begun: Begun, provider: Provider, *, now: datetime) -> Mapping[str, Any]:
    """What the token says, once it is proven. Raises NoProof, or ProviderFault."""
    header, payload = await _verified(tokens.id_token, provider)
    entry, moment = provider.entry, int(now.timestamp())
    claims = CodeIDToken(
        payload,
        header,
        options={
            "iss": {"essential": True, "value": entry.issuer},
            "aud": {"essential": True, "value": entry.client_id},
        },
        params={"nonce": begun.nonce, "client_id": entry.client_id, "access_token": tokens.access_token},
    )
    try:
        claims.validate(now=moment, leeway=_LEEWAY)
    except (JoseError, ValueError, TypeError, AttributeError, KeyError) as error:
        name = getattr(error, "claim", None)
        raise NoProof(f"its claim `{name}` does not fit" if name else "a claim of it does not fit") from error
    _further(claims, moment)
    return dict(claims)


def _further(claims: Mapping[str, Any], moment: int) -> None:
    """What the library leaves open. Raises NoProof."""
    issued, subject = claims.get("iat"), claims.get("sub")
    if not isinstance(issued, int | float) or moment - issued > _OLDEST + _LEEWAY:
        raise NoProof("it was issued too long ago")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise NoProof("its claim `sub` names nobody")


async def _verified(token: str, provider: Provider) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token with a good signature."""
    try:
        kid = extract_compact(token.encode("ascii")).headers().get("kid")
        keys = await provider.keys(kid if isinstance(kid, str) else None)
        read = jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoProof("its signature cannot be checked, or is wrong") from error
    return dict(read.header), dict(read.claims)
