"""Which requests are under way, so that a shutdown can let them finish, and how much of them is kept."""

from collections import defaultdict

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""Of large requests together; each byte may be there three times, as arrived, as judged and as sent."""
SMALL_BYTES = 128 * 1024
"""A request up to here is kept whatever others send: a head at its limit, and some body."""


class Traffic:
    """Requests from their last byte to the end of their answer, by the id of their client."""

    def __init__(self) -> None:
        self._under_way: defaultdict[str, set[object]] = defaultdict(set)
        self._kept: dict[str, int] = {}

    @property
    def busy(self) -> int:
        """How many requests are under way."""
        return sum(map(len, self._under_way.values()))

    def begin(self, client: str, request: object) -> None:
        """A request of `client` has come to its end."""
        self._under_way[client].add(request)

    def keep(self, client: str, size: int) -> bool:
        """Whether `size` bytes of the request that `client` sends may be kept until its end."""
        if size <= max(SMALL_BYTES, self._kept.get(client, 0)):
            return True
        if sum(self._kept.values()) - self._kept.get(client, 0) + size > MAX_KEPT_BYTES:
            return False
        self._kept[client] = size
        return True

    def end(self, client: str, request: object) -> None:
        """The answer has come to its end, or there is none."""
        self._kept.pop(client, None)
        if client in self._under_way:
            self._under_way[client].discard(request)

    def forget(self, client: str) -> None:
        """The client has gone, with all its requests."""
        self._kept.pop(client, None)
        self._under_way.pop(client, None)
