"""Streams by which the oldest carrier answers: whose messages, exchanged for what."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from proxy.mcp.streams import Stream, Streams
from rules.call import HttpCall
from rules.mcp.carried import Carried, Server, Use
from rules.mcp.message import Request, Result
from rules.normalize import normalize
from tests.proxy.gatehouse import request

_SERVER = Server(name="bank", url="https://bank.example/sse")


@dataclass
class _Leaving:
    """An agent who may go."""

    gone: bool = False

    def stream(self, place: str = "https://bank.example/sse") -> Stream:
        """The stream that it listens to."""
        found = Carried(server=_SERVER, use=Use.STREAM, place=place)
        return Stream(found=found, gone=lambda: self.gone)


def _post(target: str, *, method: str = "POST") -> HttpCall:
    asked = request(method, target).message
    fields = tuple(field for field in asked.fields if field[0].lower() != b"host")
    host = {"host": "bank.example", "port": 443, "sni": "bank.example"}
    call = normalize(replace(asked, fields=((b"Host", b"bank.example"), *fields), **host))  # type: ignore[arg-type]
    assert isinstance(call, HttpCall), call
    return call


def test_posts_are_found_by_their_whole_url() -> None:
    """As messages to the server of the stream, at the stream's place; never once its agent has left."""
    agent, streams = _Leaving(), Streams()
    assert streams.named(agent.stream(), b"/post?session=7")
    found = streams.find(_post("/post?session=7"))
    assert found == Carried(server=_SERVER, use=Use.MESSAGE, place="https://bank.example/sse")
    for other in ("/post?session=8", "/post", "/post?session=7&x=1"):
        assert streams.find(_post(other)) is None
    assert streams.find(_post("/post?session=7", method="GET")) is None
    agent.gone = True
    assert streams.find(_post("/post?session=7")) is None


def test_a_place_is_named_once_and_not_elsewhere() -> None:
    """A server that names another place later would have messages posted to what nobody expected."""
    stream, streams = _Leaving().stream(), Streams()
    assert not streams.named(stream, b"https://other.example/post")
    assert streams.named(stream, b"/post")
    assert not streams.named(stream, b"/other")


def test_streams_that_were_left_make_room() -> None:
    """And the oldest does, where there are too many."""
    streams, agents = Streams(), [_Leaving() for _ in range(300)]
    for number, agent in enumerate(agents):
        assert streams.named(agent.stream(), b"/post?n=%d" % number)
    assert streams.at(_post("/post?n=0")) is None
    assert streams.at(_post("/post?n=299")) is not None


async def test_answers_are_exchanged() -> None:
    """Our words in place of the ping's result, our own answers for us alone, all else as it is, once."""
    stream = _Leaving().stream()
    ours, theirs = Result(id=7, result={"held": True}), Result(id=7, result={})
    stream.ask(Request(id=7, method="ping"))
    stream.say(ours)
    assert stream.exchanged(theirs) == ours
    assert stream.exchanged(theirs) is theirs
    assert stream.asked(7) == Request(id=7, method="ping")
    assert stream.asked(7) is None
    own = Request(id="sidegate-1", method="tools/call")
    with stream.expecting(own) as future:
        answer = Result(id="sidegate-1", result={"paid": 7})
        assert stream.exchanged(answer) is None
        assert stream.exchanged(answer) is None
        assert await stream.heard(future) == answer
    assert stream.exchanged(answer) is answer


async def test_nobody_waits_for_a_stream_that_was_left() -> None:
    """The answer cannot come any more."""
    agent = _Leaving()
    stream = agent.stream()
    with stream.expecting(Request(id="sidegate-1", method="tools/call")) as future:
        asyncio.get_running_loop().call_later(0.05, setattr, agent, "gone", True)
        with pytest.raises(ConnectionError, match="left the stream"):
            await stream.heard(future)
