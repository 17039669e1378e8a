"""The enforcing hook: asks the gate about every request, and turns every failure into a refusal.

INVARIANT: this is the only place that catches everything. mitmproxy logs an addon's exception and lets
the request through; here an outcome exists only if the gate returned one.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakSet

from mitmproxy.connection import Client, ConnectionState
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.context import Context
from mitmproxy.tls import TlsData

from addons.captured import is_captured
from addons.client_tls import why_failed
from addons.default_deny import DefaultDeny
from addons.exchange import Admit, Outcome, Passage, Request, Tunnel
from addons.http1.answer import ELSEWHERE, sound
from addons.http1.layer import Exchange
from addons.http2.layer import ADMITTED
from addons.http2.message import become, message_of, response_of, rewrite
from addons.traffic import Traffic
from rules.reply import Reply, refused
from rules.verdict import ReasonId, Refusal

_UNDECIDED = refused(Refusal(reason_id=ReasonId.GATE_FAILED, reason="the gate gave no outcome", status=503))
_REWRITING = "sidegate.rewriting"
_TRAILERS = Refusal(
    reason_id=ReasonId.FRAMING_AMBIGUOUS,
    reason="the request has trailers, which servers merge or drop",
)


class Enforce:
    """Connects the HTTP/1.1 layer and mitmproxy's HTTP/2 flows to one and the same gate."""

    name = "sidegate.enforce"

    def __init__(self, gate: Admit, default_deny: DefaultDeny, traffic: Traffic) -> None:
        self._gate = gate
        self._default_deny = default_deny
        self._traffic = traffic
        self._granted: WeakSet[Client] = WeakSet()
        default_deny.use(self.judge_at_once, self.refuse)

    async def judge(self, exchange: Exchange) -> None:
        """Decide a request; an exchange without outcome never goes upstream."""
        with _Refusing(self._failed, exchange):
            self._settle(exchange, await self._ask(exchange))

    def judge_at_once(self, exchange: Exchange) -> None:
        """Decide an HTTP/1.1 request on the spot, or leave it open."""
        if exchange.message.method == b"CONNECT" or self._lacks_tunnel(exchange):
            return
        with _Refusing(self._failed, exchange):
            outcome = self._gate.at_once(_request(exchange))
            if outcome is not None:
                self._settle(exchange, outcome)

    def refuse(self, refusal: Refusal, /, *, event: str = "request.refused", **facts: object) -> Reply:
        """Have the gate count what an adapter refuses; if it cannot, that is refused all the same."""
        with suppress(Exception):
            return self._gate.refused(refusal, event=event, **facts)
        return refused(refusal)

    def tls_failed_client(self, data: TlsData) -> None:
        """Record a client that would not speak TLS with the gate, as those do that pin certificates."""
        why = why_failed(data.conn.error or "")
        refusal = Refusal(reason_id=ReasonId.TLS_FAILED, reason=f"TLS with the client failed: {why}")
        self.refuse(refusal, event="tls.client_failed", host=_host(data.context), why=why)

    async def request(self, flow: HTTPFlow) -> None:
        """Decide an HTTP/2 request."""
        method = flow.request.data.method
        # INVARIANT: refused first and opened last, because what a hook raises would leave it open.
        flow.response = response_of(_UNDECIDED, method)
        if self._traffic.closed:
            return
        self._traffic.begin(flow.client_conn.id, flow.id)
        exchange = Exchange(message=message_of(flow), client=flow.client_conn)
        if flow.request.trailers:
            exchange.outcome = self.refuse(_TRAILERS)
        else:
            await self.judge(exchange)
        if isinstance(exchange.outcome, Passage):
            passage = exchange.outcome
            become(flow.request, passage.message or exchange.message, passage.secrets)
            flow.metadata[ADMITTED] = exchange.outcome.address
            flow.metadata[_REWRITING] = exchange.outcome.rewriting
            flow.response = None
        elif isinstance(exchange.outcome, Reply):
            flow.response = response_of(exchange.outcome, method)

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Stream every answer, for a gate keeps no copy of what it lets through; none leads past it."""
        if flow.response is not None:
            flow.response.stream = True
            flow.response.headers.pop(ELSEWHERE, None)
            if (rewriting := flow.metadata.get(_REWRITING)) is not None:
                rewrite(flow.response, rewriting)

    def response(self, flow: HTTPFlow) -> None:
        """The answer of an HTTP/2 request is complete."""
        self._traffic.end(flow.client_conn.id, flow.id)

    def error(self, flow: HTTPFlow) -> None:
        """An HTTP/2 request ended without an answer."""
        self._traffic.end(flow.client_conn.id, flow.id)

    def _failed(self, error: Exception) -> Reply:
        """What the gate says to its failure; if even that fails, nothing passes all the same."""
        with suppress(Exception):
            return self._gate.failed(error)
        return _UNDECIDED

    async def _ask(self, exchange: Exchange) -> Outcome:
        message = exchange.message
        if message.method == b"CONNECT":
            return await self._gate.connect(message.host, message.port)
        if self._lacks_tunnel(exchange):
            tunnel = await self._gate.connect(message.host, message.port)
            if not isinstance(tunnel, Tunnel):
                return tunnel
            self._granted.add(exchange.client)
        return await self._gate.admit(_request(exchange))

    def _lacks_tunnel(self, exchange: Exchange) -> bool:
        """Whether it came in TLS that was captured: what a CONNECT would have asked is still to be asked."""
        if exchange.message.scheme != "https" or not is_captured(exchange.client):
            return False
        return exchange.client not in self._granted

    def _settle(self, exchange: Exchange, outcome: Outcome) -> None:
        """Accept `outcome` if it is one for this kind of request. Raises TypeError."""
        fitting = Tunnel if exchange.message.method == b"CONNECT" else Passage
        if not isinstance(outcome, fitting) and not (isinstance(outcome, Reply) and sound(outcome)):
            name = type(outcome).__name__
            raise TypeError(f"the gate gave `{name}`, which is no outcome for this request")
        if isinstance(outcome, Passage):
            self._default_deny.admit(exchange.client, outcome.address)
        exchange.outcome = outcome


class _Refusing:
    """Whatever fails inside, `exchange` ends with the answer of `failed`: here everything is caught."""

    __slots__ = ("_exchange", "_failed")

    def __init__(self, failed: Callable[[Exception], Reply], exchange: Exchange) -> None:
        self._failed = failed
        self._exchange = exchange

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Let go on only what is meant to end the task or the process."""
        if isinstance(error, asyncio.CancelledError):
            # Either the hook itself is cancelled, or only something that it waited for.
            if (task := asyncio.current_task()) is None or task.cancelling():
                return False
            error = RuntimeError("what the gate waited for was cancelled")
        if not isinstance(error, Exception):
            return False
        self._exchange.outcome = self._failed(error)
        return True


def _host(context: Context) -> str:
    """Where the tunnel leads; its name has been judged."""
    address = context.server.address
    return f"{address[0]}:{address[1]}" if address else "none"


def _request(exchange: Exchange) -> Request:
    client = exchange.client
    return Request(message=exchange.message, gone=lambda: not client.state & ConnectionState.CAN_READ)
