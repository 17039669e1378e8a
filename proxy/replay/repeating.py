"""Whether a request whose credential was refused may be sent once more, and what the hold says of it.

A 401 says that the request was not applied (RFC 9110 section 15.5.2). An upstream that calls others may
pass on a 401 of theirs after it has acted, and nothing in the answer tells the two apart. So it is sent
again only where twice is once: the method is idempotent, or the upstream honours our key.
"""

from proxy.credentials.credentials import moved
from proxy.credentials.supply import Supplied
from rules.hold import Hold

REFUSED = 401
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110 section 9.2.2


def repeatable(method: str, *, declared: bool) -> bool:
    """Whether a second request changes nothing more; `declared`: the upstream honours our key."""
    return declared or method in _IDEMPOTENT


def objection(refused: Supplied, fresh: Supplied, *, allowed: bool) -> str | None:
    """Why it is not sent again, or None."""
    names = _quoted(refused)
    if fresh.label == refused.label:
        return f"the upstream refuses {names}, and there is no newer one: replace it where it comes from"
    if not allowed:
        return f"the upstream refused {names}, which is renewed since: let the agent ask again"
    return None


def rotation(hold: Hold, supplied: Supplied) -> str:
    """What the hold says where the credential that went out is not the one of the time of the hold."""
    names = ", ".join(f"`{name}`" for name in moved(hold.credential, supplied.label))
    return f"rotated after the call was held: {names}" if names else ""


def _quoted(supplied: Supplied) -> str:
    return ", ".join(f"`{name}`" for name in sorted(supplied.generations))
