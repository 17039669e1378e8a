"""What an upstream executed, and the stops a test sets on a request's way through it."""

import asyncio
import dataclasses
import datetime
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as the upstream read it off the wire.

    `head` and `raw_body` are the exact HTTP/1.1 bytes (chunk framing included) and are empty on
    HTTP/2, where only the decoded parts exist; `number` is 0 until the request is executed.
    """

    connection: int
    protocol: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    at: datetime.datetime
    head: bytes = b""
    raw_body: bytes = b""
    body: bytes = b""
    number: int = 0

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The target's query; of a repeated name, the last value."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def values(self, name: str) -> list[str]:
        """Every value of one header, in order; names match in any case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


class Stage(StrEnum):
    """A point on a request's way through the upstream."""

    HEAD = "head"
    """The head is read; over HTTP/1.1 the body still lies unread in the socket.

    To catch a sender in the middle of a body, send more than the kernel buffers for it (8 MB is
    enough by default): what has gone into its send buffer arrives even after a kill -9.
    """

    RECEIVED = "received"
    """The whole request is read and counts as executed; no byte of the answer is written."""

    ANSWERED = "answered"
    """The whole answer is in the operating system's hands."""


class Stop:
    """Holds matching requests at one stage, from when a test sets it until it is released."""

    def __init__(self, stage: Stage, *, method: str, path: str) -> None:
        self.stage = stage
        self._method = method
        self._path = path
        self._reached: Future[Received] = Future()
        self._released: Future[None] = Future()

    def wait(self, *, deadline: float = 10.0) -> Received:
        """Block until the first request stands at the stage, at most `deadline` seconds."""
        try:
            return self._reached.result(deadline)
        except TimeoutError:
            raise TimeoutError(
                f"no {self._method} {self._path} came to `{self.stage}` within {deadline:g} s"
            ) from None

    def release(self) -> None:
        """Let the held requests, and all later ones, go on."""
        if not self._released.done():
            self._released.set_result(None)

    def matches(self, stage: Stage, received: Received) -> bool:
        """Tell whether this stop is meant for that request at that stage."""
        wanted = (self.stage, self._method, self._path)
        return wanted == (stage, received.method, received.path)

    async def hold(self, received: Received) -> None:
        """Report the request to the waiting test and stay until the stop is released."""
        if not self._reached.done():
            self._reached.set_result(received)
        # Shielded: one connection that is torn down must not release the others.
        await asyncio.shield(asyncio.wrap_future(self._released))


class StopGuard:
    """Takes a stop out of its ledger, and releases it, when the test's block ends."""

    def __init__(self, stop: Stop, stops: list[Stop]) -> None:
        self._stop = stop
        self._stops = stops

    def __enter__(self) -> Stop:
        self._stops.append(self._stop)
        return self._stop

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stops.remove(self._stop)
        self._stop.release()


class Ledger:
    """Everything that reached an upstream; written by its thread, read by the test's."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._executed: list[Received] = []
        self._fragments: list[bytes] = []
        self._connections = 0
        self._stops: list[Stop] = []

    @property
    def executed(self) -> list[Received]:
        """The requests that were received whole and answered as scripted, in order."""
        with self._changed:
            return list(self._executed)

    @property
    def fragments(self) -> list[bytes]:
        """Bytes of requests that were not executed: malformed, or cut short by the sender."""
        with self._changed:
            return list(self._fragments)

    @property
    def connections(self) -> int:
        """How many TCP connections were accepted, whether or not TLS came up on them."""
        with self._changed:
            return self._connections

    def select(self, method: str | None = None, path: str | None = None) -> list[Received]:
        """The executed requests of that method and path (without query); None stands for any."""
        return [
            received
            for received in self.executed
            if method in (None, received.method) and path in (None, received.path)
        ]

    def wait_for(
        self, count: int, *, method: str | None = None, path: str | None = None, deadline: float
    ) -> list[Received]:
        """Block until at least `count` matching requests were executed; return them."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.select(method, path)) >= count, deadline)
            found = self.select(method, path)
        if len(found) < count:
            raise TimeoutError(f"{len(found)} of {count} requests came within {deadline:g} s")
        return found

    def stop_at(self, stage: Stage, *, method: str, path: str) -> StopGuard:
        """Set a stop for the length of a `with` block."""
        return StopGuard(Stop(stage, method=method, path=path), self._stops)

    def open_connection(self) -> int:
        """Count one accepted connection and return its number, from 1."""
        with self._changed:
            self._connections += 1
            return self._connections

    def execute(self, received: Received, *, body: bytes, raw_body: bytes = b"") -> Received:
        """Complete, number and keep a request that is about to be answered."""
        with self._changed:
            number = len(self._executed) + 1
            numbered = dataclasses.replace(received, number=number, body=body, raw_body=raw_body)
            self._executed.append(numbered)
            self._changed.notify_all()
        return numbered

    def discard(self, fragment: bytes) -> None:
        """Keep the bytes of a request that is not executed."""
        if fragment:
            with self._changed:
                self._fragments.append(bytes(fragment))

    async def reach(self, stage: Stage, received: Received) -> None:
        """Stand at a stage for as long as a stop wants this request there."""
        for stop in [stop for stop in self._stops if stop.matches(stage, received)]:
            await stop.hold(received)
