"""Keys that a device keeps and uses when its owner is there (WebAuthn level 3).

The library is an extra: it is imported when somebody uses a passkey, and where it is missing nobody can.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from proxy.console.people.factors.kept import Passkey

_LONGEST = 32 * 1024


class Unproven(Exception):
    """what a device has said is no proof; the message says why"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the browser is. `origin`: as it says itself, which the console's door has checked."""

    origin: str

    @property
    def name(self) -> str:
        """For which name keys are kept."""
        return urlsplit(self.origin).hostname or ""

    @property
    def able(self) -> bool:
        """Whether browsers have passkeys there: under names, over TLS or on this machine."""
        try:
            ip_address(self.name)
        except ValueError:
            secure = self.origin.startswith("https:") or self.name == "localhost"
            return bool(self.name) and secure and find_spec("webauthn") is not None
        return False


def to_register(place: Place, name: str, *, challenge: bytes, known: Sequence[Passkey]) -> dict[str, Any]:
    """What a browser is asked for a new key."""
    import webauthn
    from webauthn.helpers.structs import AuthenticatorSelectionCriteria, UserVerificationRequirement

    options = webauthn.generate_registration_options(
        rp_id=place.name,
        rp_name="Sidegate",
        user_id=sha256(name.encode()).digest(),
        user_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[_descriptor(key) for key in known],
    )
    told: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return told


def registered(place: Place, said: str, *, challenge: bytes, label: str, now: datetime) -> Passkey:
    """The key that a device has made. Raises Unproven."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = webauthn.verify_registration_response(
            credential=_parsed(said),
            expected_challenge=challenge,
            expected_rp_id=place.name,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise Unproven("the device's answer does not fit") from error
    return Passkey(
        id=bytes_to_base64url(found.credential_id),
        key=bytes_to_base64url(found.credential_public_key),
        count=found.sign_count,
        label=label,
        made=now,
    )


def to_prove(place: Place, *, challenge: bytes, known: Sequence[Passkey]) -> dict[str, Any]:
    """What a browser is asked for a proof by one of the keys."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=place.name,
        challenge=challenge,
        allow_credentials=[_descriptor(key) for key in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    told: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return told


def proven(place: Place, said: str, *, challenge: bytes, known: Sequence[Passkey]) -> Passkey:
    """The key that was used, as it stands now. Raises Unproven."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.exceptions import WebAuthnException

    credential = _parsed(said)
    used = next((key for key in known if key.id == credential.get("id")), None)
    if used is None:
        raise Unproven("it is no passkey of yours")
    try:
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=place.name,
            expected_origin=place.origin,
            credential_public_key=base64url_to_bytes(used.key),
            credential_current_sign_count=used.count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise Unproven("the device's answer does not fit") from error
    return used.model_copy(update={"count": found.new_sign_count})


def _descriptor(key: Passkey) -> Any:
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.id))


def _parsed(said: str) -> dict[str, Any]:
    try:
        value = json.loads(said) if len(said) <= _LONGEST else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Unproven("the device's answer cannot be read")
    return value
