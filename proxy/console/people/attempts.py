"""How often somebody may try to log in: a few failures from one address or for one account, then none.

An attempt counts as failed before it is looked at: many at once are no way around.
Behind a proxy everybody has one address; who is logged in already is not touched, nor is the API.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

MOST_FAILURES = 5
LOCKED = timedelta(minutes=1)
_LONGEST = timedelta(minutes=15)
_MOST_ADDRESSES = 1000


class Attempts:
    """Failed logins by what they have in common: an address, or an account."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._failed: dict[str, tuple[int, datetime]] = {}

    def locked(self, address: str) -> timedelta | None:
        """For how long `address` may not try again, or None."""
        count, last = self._failed.get(address, (0, self._now()))
        if count < MOST_FAILURES:
            return None
        # A count that has no end would overflow the power.
        lasts = min(_LONGEST, LOCKED * 2 ** min(count - MOST_FAILURES, 10))
        left = last + lasts - self._now()
        return left if left > timedelta(0) else None

    def fail(self, address: str) -> None:
        """Note a failure; the address that failed longest ago is forgotten where there are too many."""
        count, last = self._failed.pop(address, (0, self._now()))
        count = 0 if self._now() - last > 2 * _LONGEST else count
        self._failed[address] = (count + 1, self._now())
        while len(self._failed) > _MOST_ADDRESSES:
            del self._failed[next(iter(self._failed))]

    def succeed(self, address: str) -> None:
        """Forget the failures of whoever succeeded."""
        self._failed.pop(address, None)
