"""The enforcing hook: whatever the gate does, only a sound outcome for this request lets it pass."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.http import Headers, HTTPFlow
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import tflow, tutils
from mitmproxy.tls import TlsData

from addons.default_deny import DefaultDeny
from addons.enforce import Enforce
from addons.exchange import Passage, Request, Tunnel
from addons.http1.layer import Exchange
from addons.http2.layer import ADMITTED
from addons.traffic import Traffic
from rules.message import Message
from rules.reply import Reply
from rules.verdict import ReasonId, Refusal
from tests.addons.tally import Tally

ADDRESS = ("192.0.2.7", 443)
PASSAGE = Passage(address=ADDRESS)
HELD = Reply(status=403, body=b"{}")
FAILED = Reply(status=503, body=b"failed")


@dataclass(slots=True)
class Gate:
    """Does what it is told, for requests and tunnels alike."""

    act: Callable[[Any], Awaitable[Any]]
    failures: list[Exception] = field(default_factory=list)
    broken: bool = False
    at_once: Callable[[Request], Any] = lambda _: None
    tally: Tally = field(default_factory=Tally)

    async def admit(self, request: Request) -> Any:
        return await self.act(request)

    async def connect(self, host: str, port: int) -> Any:
        return await self.act((host, port))

    def failed(self, error: Exception) -> Reply:
        if self.broken:
            raise RuntimeError("broken")
        self.failures.append(error)
        return FAILED

    def refused(self, refusal: Refusal, /, *, event: str = "request.refused", **facts: object) -> Reply:
        if self.broken:
            raise RuntimeError("broken")
        return self.tally(refusal, event=event, **facts)


def gives(outcome: object) -> Gate:
    """A gate with this outcome."""

    async def act(_: Any) -> object:
        return outcome

    return Gate(act)


def raises(error: BaseException) -> Gate:
    """A gate that raises."""

    async def act(_: Any) -> object:
        raise error

    return Gate(act)


@dataclass(slots=True)
class World:
    """The hook with what is around it."""

    gate: Gate
    traffic: Traffic = field(default_factory=Traffic)
    client: Client = field(
        default_factory=lambda: Client(
            peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN
        )
    )
    door: DefaultDeny = field(init=False)
    enforce: Enforce = field(init=False)

    def __post_init__(self) -> None:
        self.door = DefaultDeny(self.traffic)
        self.enforce = Enforce(self.gate, self.door, self.traffic)

    def exchange(self, method: bytes = b"GET") -> Exchange:
        """A request of HTTP/1.1."""
        message = Message(
            scheme="https",
            host="api.pay.test",
            port=443,
            sni=None,
            method=method,
            target=b"/",
            fields=((b"Host", b"api.pay.test"),),
            body=b"",
        )
        return Exchange(message=message, client=self.client)

    def flow(self, **changes: Any) -> HTTPFlow:
        """A request of HTTP/2."""
        flow = tflow.tflow(
            client_conn=self.client,
            req=tutils.treq(
                http_version=b"HTTP/2.0",
                authority=b"api.pay.test",
                host="api.pay.test",
                headers=Headers(((b"x-a", b"1"), (b"te", b"trailers"))),
                content=b"",
            ),
        )
        for name, value in changes.items():
            setattr(flow.request, name, value)
        return flow

    def opened(self) -> bool:
        """Whether the client may reach the address now."""
        data = ServerConnectionHookData(client=self.client, server=Server(address=ADDRESS))
        self.door.server_connect(data)
        return data.server.error is None


WRONG: dict[str, Gate] = {
    "raises": raises(ValueError("planted")),
    "times out": raises(TimeoutError()),
    "waits for something cancelled": raises(asyncio.CancelledError()),
    "raises a group": raises(ExceptionGroup("planted", [ValueError()])),
    "none": gives(None),
    "text": gives("yes"),
    "true": gives(True),
    "tunnel": gives(Tunnel()),
    "class": gives(Passage),
    "status": gives(Reply(status=42)),
    "two answers": gives(Reply(status=200, fields=((b"X", b"1\r\n\r\nHTTP/1.1 200 OK"),))),
    "phrase": gives(Reply(status=200, phrase="OK\r\nX: 1")),
    "fields": gives(Reply(status=200, fields=None)),  # type: ignore[arg-type]
    "address": gives(Passage(address=[])),  # type: ignore[arg-type]
}


async def test_an_outcome_is_handed_on() -> None:
    """A passage opens its address for this client; a reply opens nothing."""
    world = World(gives(PASSAGE))
    exchange = world.exchange()
    assert not world.opened()
    await world.enforce.judge(exchange)
    assert exchange.outcome is PASSAGE
    assert world.opened()
    world = World(gives(HELD))
    exchange = world.exchange()
    await world.enforce.judge(exchange)
    assert exchange.outcome is HELD
    assert not world.opened()


async def test_a_connect_is_asked_as_one() -> None:
    """Where it leads is all that there is to judge, and only a tunnel is an answer that lets it."""
    seen = []

    async def act(asked: object) -> Tunnel:
        seen.append(asked)
        return Tunnel()

    world = World(Gate(act))
    exchange = world.exchange(b"CONNECT")
    await world.enforce.judge(exchange)
    assert exchange.outcome == Tunnel()
    assert seen == [("api.pay.test", 443)]
    world = World(gives(PASSAGE))
    exchange = world.exchange(b"CONNECT")
    await world.enforce.judge(exchange)
    assert exchange.outcome is FAILED
    assert not world.opened()


@pytest.mark.parametrize("gate", WRONG.values(), ids=WRONG)
async def test_whatever_goes_wrong_is_a_refusal(gate: Gate) -> None:
    """The gate is told, the client hears what it says, and nothing opens."""
    gate.failures.clear()
    world = World(gate)
    exchange = world.exchange()
    await world.enforce.judge(exchange)
    assert exchange.outcome is FAILED
    assert len(gate.failures) == 1
    assert not world.opened()


@pytest.mark.parametrize("gate", WRONG.values(), ids=WRONG)
async def test_whatever_goes_wrong_is_a_refusal_over_http2(gate: Gate) -> None:
    """The same for a flow: an answer is set, so mitmproxy sends nothing upstream."""
    world = World(gate)
    flow = world.flow()
    await world.enforce.request(flow)
    assert flow.response is not None
    assert (flow.response.status_code, flow.response.raw_content) == (503, b"failed")
    assert ADMITTED not in flow.metadata
    assert not world.opened()


async def test_nothing_is_asked_when_the_plane_is_closed() -> None:
    """A request of HTTP/2 that comes then is refused unjudged, and counts as none under way."""
    world = World(raises(AssertionError()))
    world.traffic.closed = True
    flow = world.flow()
    await world.enforce.request(flow)
    assert flow.response is not None
    assert flow.response.status_code == 503
    assert not world.traffic.busy
    assert not world.opened()


async def test_a_gate_that_cannot_even_fail_lets_nothing_pass() -> None:
    """The refusal is ours then."""
    gate = raises(ValueError())
    gate.broken = True
    world = World(gate)
    exchange, flow = world.exchange(), world.flow()
    await world.enforce.judge(exchange)
    await world.enforce.request(flow)
    assert isinstance(exchange.outcome, Reply)
    assert exchange.outcome.status == 503
    assert flow.response is not None
    assert flow.response.status_code == 503
    assert not world.opened()


async def test_a_flow_that_cannot_be_read_is_refused() -> None:
    """The hook raises, and mitmproxy goes on: with the refusal that was set first."""
    world = World(gives(PASSAGE))
    flow = world.flow()
    flow.request.data.headers = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        await world.enforce.request(flow)
    assert flow.response is not None
    assert flow.response.status_code == 503
    assert not world.opened()


def instant(outcome: object) -> Gate:
    """A gate that gives this outcome, or raises it, on the spot and in no other way."""

    def at_once(_: Request) -> object:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    gate = raises(AssertionError("asked to wait"))
    gate.at_once = at_once
    return gate


def test_an_answer_at_once_is_as_good() -> None:
    """A passage opens its address, a reply opens nothing, and None leaves the question open."""
    for outcome in (PASSAGE, HELD, None):
        world = World(instant(outcome))
        exchange = world.exchange()
        world.enforce.judge_at_once(exchange)
        assert exchange.outcome is outcome
        assert world.opened() == (outcome is PASSAGE)


@pytest.mark.parametrize(
    "wrong",
    [ValueError(), "yes", Tunnel(), Reply(status=42), Passage(address=[])],  # type: ignore[arg-type]
    ids=["raises", "text", "tunnel", "status", "address"],
)
def test_whatever_goes_wrong_at_once_is_a_refusal(wrong: object) -> None:
    """The layer gets an outcome, and nothing is raised into it."""
    world = World(instant(wrong))
    exchange = world.exchange()
    world.enforce.judge_at_once(exchange)
    assert exchange.outcome is FAILED
    assert not world.opened()


def test_a_connect_is_never_settled_at_once() -> None:
    """It is asked in another way, once per connection."""
    world = World(instant(PASSAGE))
    exchange = world.exchange(b"CONNECT")
    world.enforce.judge_at_once(exchange)
    assert exchange.outcome is None


async def test_cancelling_the_hook_itself_is_no_failure_of_the_gate() -> None:
    """A shutdown ends the request, without an outcome."""
    begun = asyncio.Event()

    async def act(_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    world = World(Gate(act))
    exchange = world.exchange()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(world.enforce.judge(exchange))
        await begun.wait()
        task.cancel()
    assert task.cancelled()
    assert exchange.outcome is None
    assert not world.gate.failures


async def test_the_gate_learns_whether_the_client_has_gone() -> None:
    """`gone` follows the connection."""
    seen: list[Request] = []

    async def act(request: Request) -> Reply:
        seen.append(request)
        return HELD

    world = World(Gate(act))
    await world.enforce.judge(world.exchange())
    assert not seen[0].gone()
    world.client.state = ConnectionState.CAN_WRITE
    assert seen[0].gone()


async def test_a_flow_that_passes_becomes_what_was_judged() -> None:
    """Its headers are the judged ones, its address is the verdict's, and no answer is set."""
    world = World(gives(PASSAGE))
    flow = world.flow()
    await world.enforce.request(flow)
    assert flow.response is None
    assert flow.metadata[ADMITTED] == ADDRESS
    assert flow.request.headers.fields == ((b"x-a", b"1"),)
    assert world.opened()
    assert world.traffic.busy == 1


async def test_a_flow_with_trailers_is_not_even_judged() -> None:
    """They would come after what was judged."""
    world = World(gives(PASSAGE))
    flow = world.flow(trailers=Headers(((b"x-t", b"1"),)))
    await world.enforce.request(flow)
    assert flow.response is not None
    assert flow.response.status_code == 400
    assert world.gate.tally.reasons == [ReasonId.FRAMING_AMBIGUOUS]
    assert not world.opened()


@pytest.mark.parametrize("broken", [False, True], ids=["counted", "not even counted"])
def test_what_an_adapter_refuses_is_refused_in_any_case(broken: bool) -> None:
    """The gate is told once; a gate that cannot take it changes nothing about the answer."""
    world = World(gives(PASSAGE))
    world.gate.broken = broken
    refusal = Refusal(reason_id=ReasonId.PROTOCOL_REFUSED, reason="no", status=418)
    assert world.enforce.refuse(refusal).status == 418
    assert len(world.gate.tally.reasons) == (not broken)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("OpenSSL Error([('SSL routines', '', 'tlsv1 alert unknown ca')])", "distrusted"),
        ("OpenSSL Error([('SSL routines', '', 'ssl/tls alert bad certificate')])", "distrusted"),
        ("OpenSSL Error([('SSL routines', '', 'no shared cipher')])", "failed"),
        ("connection closed", "left"),
        ("Cannot parse ClientHello: 1603017365637265742d", "malformed"),
        (None, "failed"),
    ],
)
def test_failed_tls_is_recorded_without_what_was_sent(error: str | None, why: str) -> None:
    """One line says where the client wanted to go and why it did not come to that."""
    world = World(gives(PASSAGE))
    context = Context(world.client, Options())
    context.server.address = ("api.pay.test", 443)
    world.client.error = error
    world.enforce.tls_failed_client(TlsData(world.client, context))
    assert world.gate.tally.reasons == [ReasonId.TLS_FAILED]
    assert world.gate.tally.lines == [("tls.client_failed", {"host": "api.pay.test:443", "why": why})]


@pytest.mark.parametrize("ending", ["response", "error"])
async def test_a_flow_counts_until_its_end(ending: str) -> None:
    """Either end is one."""
    world = World(gives(PASSAGE))
    flow = world.flow()
    await world.enforce.request(flow)
    assert world.traffic.busy == 1
    getattr(world.enforce, ending)(flow)
    assert world.traffic.busy == 0


def test_answers_stream() -> None:
    """Nothing of an answer is kept."""
    world = World(gives(PASSAGE))
    flow = world.flow()
    world.enforce.responseheaders(flow)
    flow.response = tutils.tresp()
    world.enforce.responseheaders(flow)
    assert flow.response.stream is True
