"""Which requests are under way, so that a shutdown can let them finish."""

from collections import defaultdict


class Traffic:
    """Requests from their last byte to the end of their answer, by the id of their client."""

    def __init__(self) -> None:
        self._under_way: defaultdict[str, set[object]] = defaultdict(set)

    @property
    def busy(self) -> int:
        """How many requests are under way."""
        return sum(map(len, self._under_way.values()))

    def begin(self, client: str, request: object) -> None:
        """A request of `client` has come to its end."""
        self._under_way[client].add(request)

    def end(self, client: str, request: object) -> None:
        """The answer has come to its end."""
        if client in self._under_way:
            self._under_way[client].discard(request)

    def forget(self, client: str) -> None:
        """The client has gone, with all its requests."""
        self._under_way.pop(client, None)
