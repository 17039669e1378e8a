"""Event streams by which servers of the oldest carrier answer, and the messages that wait for them.

What the gate says to a message itself cannot be an answer to its post there. So a `ping` with the message's
id goes to the server in its place, and its result is exchanged for our words as it comes by.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from rules.call import HttpCall
from rules.mcp.carried import Carried, Use, place_of
from rules.mcp.legacy import endpoint_in
from rules.mcp.message import Failure, Id, Request, Result

logger = logging.getLogger(__name__)

_MOST = 256
_MOST_WAITING = 1024
_LOOK_AGAIN = 1.0

type Answer = Result | Failure


@dataclass(slots=True, kw_only=True)
class Stream:
    """One stream that an agent listens to. `found`: the request that opened it."""

    found: Carried
    gone: Callable[[], bool]
    """Whether the agent has left it."""
    _asked: dict[Id, Request] = field(default_factory=dict)
    _said: dict[Id, Answer] = field(default_factory=dict)
    _ours: dict[Id, asyncio.Future[Answer]] = field(default_factory=dict)

    def ask(self, request: Request) -> None:
        """The server gets `request`, and will answer it here."""
        _keep(self._asked, request.id, request)

    def say(self, answer: Answer) -> None:
        """The server gets a `ping` in place of a request; `answer` is what the agent is to hear."""
        assert answer.id is not None  # noqa: S101 (it answers a request)
        _keep(self._said, answer.id, answer)

    def exchanged(self, answer: Answer) -> Answer | None:
        """What is said in place of `answer`: itself mostly, nothing where it is to a request of ours."""
        assert answer.id is not None  # noqa: S101 (others are no answers)
        if (future := self._ours.get(answer.id)) is not None:
            if not future.done():
                future.set_result(answer)
            return None
        return self._said.pop(answer.id, answer)

    def asked(self, id_: Id) -> Request | None:
        """The request that an answer is to, once."""
        return self._asked.pop(id_, None)

    @contextmanager
    def expecting(self, request: Request) -> Iterator[asyncio.Future[Answer]]:
        """What will hold the server's answer to a request of ours, which the agent does not hear."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._ours[request.id] = future
        try:
            yield future
        finally:
            del self._ours[request.id]

    async def heard(self, future: asyncio.Future[Answer]) -> Answer:
        """Its answer; ConnectionError where the agent has left the stream before."""
        while not future.done():
            if self.gone():
                raise ConnectionError("the agent has left the stream by which the answer comes")
            await asyncio.wait((future,), timeout=_LOOK_AGAIN)
        return future.result()


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams that agents listen to, by the URL to which their messages are posted."""

    _open: dict[str, Stream] = field(default_factory=dict)

    def named(self, stream: Stream, data: bytes) -> bool:
        """Take in where the messages of `stream` are posted; False where that is not to be believed."""
        url = endpoint_in(data, stream.found.place)
        if url is None or any(known is stream for known in self._open.values()):
            logger.warning("mcp.endpoint_refused server=%s", stream.found.server.name)
            return False
        for left in [url for url, known in self._open.items() if known.gone()]:
            del self._open[left]
        _keep(self._open, url, stream, most=_MOST)
        return True

    def at(self, call: HttpCall) -> Stream | None:
        """The stream by which `call` is answered."""
        stream = self._open.get(place_of(call)) if self._open and call.method == "POST" else None
        return None if stream is None or stream.gone() else stream

    def find(self, call: HttpCall) -> Carried | None:
        """What `call` is to the server of its stream; it stands at the stream's place, for every session."""
        stream = self.at(call)
        return None if stream is None else replace(stream.found, use=Use.MESSAGE)


def _keep[Key, Value](known: dict[Key, Value], key: Key, value: Value, *, most: int = _MOST_WAITING) -> None:
    """Bounded: who asks without end loses its oldest."""
    known[key] = value
    while len(known) > most:
        del known[next(iter(known))]
