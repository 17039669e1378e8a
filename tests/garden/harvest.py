"""What the servers executed against what the witness has in writing, batch by batch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path

from tests.acceptance.processes import until
from tests.acceptance.witnessed import Trace, digest
from tests.garden.servers import Server

_BARRIER = "/barrier/"
_NO_QUERY = digest(b"")
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A request that a server executed and that has no record of its own."""

    server: str
    trace: Trace


@dataclass(slots=True, kw_only=True)
class Harvest:
    """Reads the logs of the servers and the witness, and matches the one with the other."""

    servers: Sequence[Server]
    witness: Path
    executed: Counter[str] = field(default_factory=Counter)
    """By server."""
    recorded: int = 0
    _fresh: Counter[Trace] = field(default_factory=Counter)
    _stale: Counter[Trace] = field(default_factory=Counter)
    _barriers: int = 0
    _read: dict[Path, int] = field(default_factory=dict)

    def take(self) -> list[Found]:
        """What has come since the last time and has no record; call it while nothing is under way."""
        self._barriers += 1
        executed = {server.name: self._executed(server) for server in self.servers}
        # Read after the logs: whatever is executed has been recorded before.
        records = [Trace.recorded(line) for line in self._tail(self.witness)]
        self.recorded += len(records)
        # A server may be late by a batch with what its client no longer waits for, and no more.
        self._stale, self._fresh = self._fresh, Counter(map(_exact, records))
        return [
            Found(server=name, trace=trace)
            for name, seen in executed.items()
            for trace in seen
            if not self._match(_exact(trace))
        ]

    def _match(self, trace: Trace) -> bool:
        """Use up one record of this request."""
        for records in (self._fresh, self._stale):
            if records[trace] > 0:
                records[trace] -= 1
                return True
        return False

    def _executed(self, server: Server) -> list[Trace]:
        """All that the server has in its log up to a request of ours that it executed last."""
        path = f"{_BARRIER}{self._barriers}"
        connection = HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE_SECONDS)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()

        seen: list[Trace] = []

        def there() -> bool:
            read = (server.read(server.port, line) for line in self._tail(server.log))
            seen.extend(trace for trace in read if trace is not None)
            return any(trace.path == path for trace in seen)

        until(there, deadline=_PATIENCE_SECONDS, what=f"the log of {server.name}")
        told = [trace for trace in seen if not trace.path.startswith(_BARRIER)]
        self.executed[server.name] += len(told)
        return told

    def _tail(self, log: Path) -> list[str]:
        """The whole lines that have come since the last time."""
        with log.open("rb") as file:
            file.seek(self._read.get(log, 0))
            whole, end, _ = file.read().rpartition(b"\n")
        self._read[log] = self._read.get(log, 0) + len(whole) + len(end)
        return whole.decode("latin-1").split("\n") if whole else []


def _exact(trace: Trace) -> Trace:
    """As comparable as servers tell: some drop an empty query."""
    return replace(trace, query=_NO_QUERY if trace.query is None else trace.query)
