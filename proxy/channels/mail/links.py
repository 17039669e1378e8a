"""What a letter's link says: which hold, what its letter showed, for whom and until when; made by us alone.

It is sealed with the keys of the domain, so every console of the domain opens it, nobody else can make or
change one, and nothing but the hold's id can be read from it in a log. The seal fits that id alone.
"""

import base64
import binascii
import json
from contextlib import suppress
from dataclasses import asdict, dataclass

from proxy.keys.keyring import Keyring
from proxy.keys.seal import SealError

MOST_LENGTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`until`: in seconds since 1970; `nonce`: by which it is known to have been used."""

    hold_id: str
    digest: str
    preview: str
    reviewer: str
    until: float
    nonce: str


def write(link: Link, keyring: Keyring) -> str:
    """The seal of the link, which stands in its address behind the hold's id."""
    sealed = keyring.seals[0].close(json.dumps(asdict(link)).encode(), bound_to=_bound(link.hold_id))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(written: str, keyring: Keyring, *, hold_id: str) -> Link | None:
    """The link to this hold that was written so by a console of this domain, or None."""
    if len(written) > MOST_LENGTH:
        return None
    try:
        sealed = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    for seal in keyring.seals:
        with suppress(SealError, ValueError, TypeError):
            return Link(**json.loads(seal.open(sealed, bound_to=_bound(hold_id))))
    return None


def _bound(hold_id: str) -> dict[str, str]:
    return {"part": "mail-link", "hold_id": hold_id}
