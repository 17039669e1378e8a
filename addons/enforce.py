"""The enforcing hook: asks the gate about every request, and turns every failure into a refusal.

INVARIANT: this is the only place that catches everything. mitmproxy logs an addon's exception and lets
the request through; here an outcome exists only if the gate returned one.
"""

import asyncio

from mitmproxy.connection import Client, ConnectionState
from mitmproxy.http import HTTPFlow

from addons.answer1 import sound
from addons.default_deny import DefaultDeny
from addons.exchange import Admit, Outcome, Passage, Request, Tunnel
from addons.http1 import Exchange
from addons.http2 import ADMITTED
from addons.message2 import become, message_of, response_of
from addons.traffic import Traffic
from rules.message import Message
from rules.reply import Reply, refused
from rules.verdict import ReasonId, Refusal

_UNDECIDED = refused(Refusal(reason_id=ReasonId.GATE_FAILED, reason="the gate gave no outcome", status=503))
_TRAILERS = refused(
    Refusal(
        reason_id=ReasonId.FRAMING_AMBIGUOUS,
        reason="the request has trailers, which servers merge or drop",
    )
)


class Enforce:
    """Connects the HTTP/1.1 layer and mitmproxy's HTTP/2 flows to one and the same gate."""

    name = "sidegate.enforce"

    def __init__(self, gate: Admit, default_deny: DefaultDeny, traffic: Traffic) -> None:
        self._gate = gate
        self._default_deny = default_deny
        self._traffic = traffic

    async def judge(self, exchange: Exchange) -> None:
        """Decide an HTTP/1.1 request; an exchange without outcome never goes upstream."""
        exchange.outcome = await self._outcome(exchange.message, exchange.client)

    async def request(self, flow: HTTPFlow) -> None:
        """Decide an HTTP/2 request."""
        method = flow.request.data.method
        # INVARIANT: refused first and opened last, because what a hook raises would leave it open.
        flow.response = response_of(_UNDECIDED, method)
        self._traffic.begin(flow.client_conn.id, flow.id)
        message = message_of(flow)
        outcome = _TRAILERS if flow.request.trailers else await self._outcome(message, flow.client_conn)
        if isinstance(outcome, Passage):
            become(flow.request, message)
            flow.metadata[ADMITTED] = outcome.address
            flow.response = None
        elif isinstance(outcome, Reply):
            flow.response = response_of(outcome, method)

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Stream every answer: a gate keeps no copy of what it lets through."""
        if flow.response is not None:
            flow.response.stream = True

    def response(self, flow: HTTPFlow) -> None:
        """The answer of an HTTP/2 request is complete."""
        self._traffic.end(flow.client_conn.id, flow.id)

    def error(self, flow: HTTPFlow) -> None:
        """An HTTP/2 request ended without an answer."""
        self._traffic.end(flow.client_conn.id, flow.id)

    async def _outcome(self, message: Message, client: Client) -> Outcome:
        """The gate's answer, or a refusal if it fails in any way."""
        try:
            outcome = _checked(await self._ask(message, client), message)
            if isinstance(outcome, Passage):
                self._default_deny.admit(client, outcome.address)
        except asyncio.CancelledError:
            # Nobody has cancelled this request: it waited for something that was cancelled.
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            return self._gate.failed(RuntimeError("what the gate waited for was cancelled"))
        except Exception as error:  # noqa: BLE001 (the one catch-all: whatever fails, nothing passes)
            return self._gate.failed(error)
        return outcome

    async def _ask(self, message: Message, client: Client) -> Outcome:
        if message.method == b"CONNECT":
            return await self._gate.connect(message.host, message.port)
        return await self._gate.admit(Request(message=message, gone=lambda: _gone(client)))


def _checked(outcome: Outcome, message: Message) -> Outcome:
    """`outcome`, if it is one for this kind of request. Raises TypeError."""
    fitting = Tunnel if message.method == b"CONNECT" else Passage
    if isinstance(outcome, fitting) or (isinstance(outcome, Reply) and sound(outcome)):
        return outcome
    raise TypeError(f"the gate gave `{type(outcome).__name__}`, which is no outcome for this request")


def _gone(client: Client) -> bool:
    return not client.state & ConnectionState.CAN_READ
