"""What is believed of a token endpoint's answer: a token that a header can carry, and a sane lifetime."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from proxy.credentials.sources.endpoint import Said
from proxy.credentials.sources.secret import CredentialError
from rules.request.strict_json import Json

MAX_SKEW = 60.0
"""Seconds by which clocks may differ before it is said."""

_TOKEN = re.compile(r"[!-~]{1,16384}")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_LONGEST = 7 * 86_400.0
_OK = range(200, 300)
# RFC 6749 section 5.2, and Slack's words for the same.
_CURES = {
    "invalid_grant": "what it was given is expired, revoked or was used before: sign in anew and replace it",
    "invalid_refresh_token": "it is expired, revoked or was used before: sign in anew and replace it",
    "invalid_client": "correct the client's id and secret",
    "bad_client_secret": "correct the client's secret",
    "unauthorized_client": "allow this client this grant at its provider",
    "invalid_scope": "correct the scope",
}


class Denied(CredentialError):
    """the token endpoint refuses to give a token"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A new token. `lifetime`: seconds from now, where it was said; `refresh`: the next refresh token."""

    text: str = field(repr=False)
    lifetime: float | None = None
    refresh: str | None = field(default=None, repr=False)
    ahead: float | None = None


def oauth_token(said: Said) -> Token:
    """The token of an OAuth 2 answer (RFC 6749 section 5). Raises CredentialError."""
    # Slack's refusals have status 200.
    check(said, error=said.content.get("error"))
    kind = said.content.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() not in ("bearer", "token", "bot", "user"):
        raise CredentialError("the endpoint gives tokens that are no bearer tokens: ask for those")
    return Token(
        text=carried(said.content.get("access_token"), name="access_token"),
        lifetime=_lifetime(said.content.get("expires_in")),
        refresh=_optional(said.content.get("refresh_token")),
        ahead=said.ahead,
    )


def check(said: Said, *, error: Json = None) -> None:
    """Nothing, where the endpoint answered with success. Raises Denied or CredentialError."""
    if said.status in _OK and error is None:
        return
    skew = skewed(said.ahead)
    if said.status >= 500 or said.status in (408, 429):
        raise CredentialError(f"the endpoint has a failure of its own (status {said.status}){skew}")
    # What else it says may hold anything; a code of this shape holds no secret.
    code = error if isinstance(error, str) and _CODE.fullmatch(error) else f"status {said.status}"
    cure = _CURES.get(code, "correct what the configuration says of it")
    raise Denied(f"the endpoint refuses with `{code}`: {cure}{skew}")


def carried(value: Json, *, name: str) -> str:
    """A token that a header can carry. Raises CredentialError."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise CredentialError(f"the endpoint's answer has no `{name}` that a header can carry")
    return value


def until(value: Json, *, said: Said, now: float) -> float | None:
    """Seconds from now to an ISO time by the endpoint's own clock. Raises CredentialError."""
    try:
        end = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as error:
        raise CredentialError("the endpoint's answer has an expiry that is no time") from error
    if end is None:
        return None
    end = end if end.tzinfo else end.replace(tzinfo=UTC)
    return _sane(end.timestamp() - (now - (said.ahead or 0.0)))


def skewed(ahead: float | None) -> str:
    """Words for a clock that is wrong, ours or theirs; nothing for one that is right."""
    if ahead is None or abs(ahead) <= MAX_SKEW:
        return ""
    which = "ahead of" if ahead > 0 else "behind"
    return f"; this machine's clock is {abs(ahead):.0f} s {which} the endpoint's: set it"


def _optional(value: Json) -> str | None:
    return None if value is None else carried(value, name="refresh_token")


def _lifetime(value: Json) -> float | None:
    """`expires_in`: a number, or as some servers write it, one in quotes."""
    if value is None:
        return None
    if isinstance(value, str) and _SECONDS.fullmatch(value):
        return _sane(float(value))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise CredentialError("the endpoint's answer has an `expires_in` that is no number of seconds")
    return _sane(float(value))


def _sane(seconds: float) -> float:
    if seconds <= 0:
        raise CredentialError("the endpoint gave a token that has expired already")
    return min(seconds, _LONGEST)
