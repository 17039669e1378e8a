"""Which requests are under way, so that a shutdown can let them finish, and what room and time they have."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from rules.verdict import ReasonId, Refusal

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""Of large requests together; each byte may be there three times, as arrived, as judged and as sent."""
SMALL_BYTES = 128 * 1024
"""What a client sends up to here is kept whatever others send: a head at its limit, and some body."""
ARRIVAL_SECONDS = 60.0
"""How long a request may take from its first byte to its last, however small it is."""
BYTES_PER_SECOND = 64 * 1024
"""A request that has brought so many bytes may take a second more."""
LOOK_SECONDS = 1.0
"""At least so long is waited before the next look at a request that arrives slowly."""

OVERLOADED = Refusal(
    reason_id=ReasonId.OVERLOADED,
    reason="the gate keeps as much of other large requests as it can; try again later",
    status=503,
)
TOO_SLOW = Refusal(
    reason_id=ReasonId.TOO_SLOW,
    reason=f"the request did not arrive within {ARRIVAL_SECONDS:.0f} s and a second more per"
    f" {BYTES_PER_SECOND} bytes",
    status=408,
)


@dataclass(slots=True)
class _Share:
    """What one request takes."""

    since: float
    size: int = 0


class Traffic:
    """Requests from their first byte to the end of their answer, by the id of their client."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.closed = False
        """Whether no request is begun any more: what an open connection still asks is not taken."""
        self._under_way: defaultdict[str, set[object]] = defaultdict(set)
        self._shares: defaultdict[str, dict[object, _Share]] = defaultdict(dict)

    @property
    def busy(self) -> int:
        """How many requests are under way."""
        return sum(map(len, self._under_way.values()))

    @property
    def kept(self) -> int:
        """How many bytes of requests are in memory."""
        return sum(map(_total, self._shares.values()))

    def begin(self, client: str, request: object) -> None:
        """A request of `client` has come to its end."""
        self._under_way[client].add(request)

    def keep(self, client: str, request: object, size: int) -> bool:
        """Whether `size` bytes of `request`, which `client` sends, may be kept until its end."""
        share = self._share(client, request)
        if size <= share.size:
            return True
        total = _total(self._shares[client]) - share.size + size
        if total > SMALL_BYTES and self._large(client) + total > MAX_KEPT_BYTES:
            return False
        share.size = size
        return True

    def seconds_left(self, client: str, request: object) -> float:
        """How long `client` has, at the rate so far, to send the rest of `request`."""
        share = self._share(client, request)
        return share.since + ARRIVAL_SECONDS + share.size / BYTES_PER_SECOND - self._clock()

    def end(self, client: str, request: object) -> None:
        """The answer has come to its end, or there is none."""
        if client in self._shares:
            self._shares[client].pop(request, None)
        if client in self._under_way:
            self._under_way[client].discard(request)

    def forget(self, client: str) -> None:
        """The client has gone, with all its requests."""
        self._shares.pop(client, None)
        self._under_way.pop(client, None)

    def _share(self, client: str, request: object) -> _Share:
        """What `request` takes; it begins with the first question about it."""
        shares = self._shares[client]
        if request not in shares:
            shares[request] = _Share(self._clock())
        return shares[request]

    def _large(self, client: str) -> int:
        """What other clients keep that is counted."""
        totals = [_total(shares) for other, shares in self._shares.items() if other != client]
        return sum(total for total in totals if total > SMALL_BYTES)


def _total(shares: dict[object, _Share]) -> int:
    return sum([share.size for share in shares.values()])
