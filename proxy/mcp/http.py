"""MCP inside HTTP: a request that carries a message, judged by what the message asks for."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from addons.exchange import Passage, Request
from addons.exchange import Rewriting as Passing
from proxy.mcp.answers import Answers
from proxy.mcp.authorization import Authorization
from proxy.mcp.desk import Asking, Desk, Go, Said
from proxy.mcp.http_courier import HttpCourier
from proxy.mcp.shelf import Shelf
from proxy.mcp.streams import Stream, Streams
from rules.call import HttpCall, ToolCall
from rules.classify import judgements, standing
from rules.headers import Fields
from rules.mcp.answer import (
    client_of,
    in_answer_to,
    malformed_answer,
    refused_method,
    shows_success_only,
)
from rules.mcp.carried import Carried, Server, Use, carried, plain_url, reply_of, steady
from rules.mcp.continuing import state_brought
from rules.mcp.headers import disagreement, ours
from rules.mcp.meaning import Own, Unknown, Weighed, asked_by_client
from rules.mcp.message import Failure, Message, Notification, Result, meta_of, write
from rules.mcp.message import Request as Asked
from rules.mcp.methods import LISTEN
from rules.mcp.protocol import METHOD_NOT_FOUND
from rules.mcp.tasks import style
from rules.mcp.versions import is_modern
from rules.mcp.weighing import of_rules, weigh
from rules.mcp.wire import Malformed, read_message
from rules.message import Message as Raw
from rules.reply import Reply
from rules.review.reasoning import said_by, said_in, unsaid
from rules.verdict import Judgement, ReasonId, Tier, Verdict

logger = logging.getLogger(__name__)

_OWN_META = "io.modelcontextprotocol/"
_OWN_FIELDS = frozenset({b"content-type", b"content-encoding", b"accept-encoding"})
_NOT_CONFIGURED = "the MCP server is not one of `mcp_servers` in the configuration"
_STREAMING = {
    Use.STREAM: (Tier.READ_ONLY, "it waits for what an MCP server has to say"),
    Use.END: (Tier.REVERSIBLE, "it ends a session with an MCP server"),
    Use.AUTHORIZATION: (Tier.REVERSIBLE, "it gets a token for an MCP server"),
    Use.METADATA: (Tier.READ_ONLY, "it reads where tokens for an MCP server are got"),
}

_PING = Judgement(
    tier=Tier.READ_ONLY,
    verdict=Verdict.PASS,
    reason_id=ReasonId.DEFAULT_TOOL,
    reason="a `ping` goes in place of a message that the gate answers",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class McpOverHttp:
    """What the gate does with requests to MCP servers."""

    desk: Desk
    servers: Sequence[Server]
    tasks: asyncio.TaskGroup
    authorization: Authorization = field(init=False)
    streams: Streams = field(default_factory=Streams)
    answers: Answers = field(init=False)
    _shelves: dict[str, Shelf] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "authorization", Authorization(servers=self.servers))
        answers = Answers(desk=self.desk, streams=self.streams, tasks=self.tasks)
        object.__setattr__(self, "answers", answers)

    def find(self, call: HttpCall) -> Carried | None:
        """What `call` is to an MCP server or on the way to its token, None for all other requests."""
        found = self.authorization.find(call) or carried(call, self.servers)
        if found is not None and found.server.configured:
            return found
        return self.streams.find(call) or found

    def read(self, call: HttpCall, found: Carried) -> "Read":
        """What is to be judged of `call`; it may take its time."""
        bearing = judgements(call, self.desk.ruleset())
        known = found.server.configured and found.use is not Use.METADATA
        return Read(
            found=found,
            beside=of_rules(bearing) if known else bearing,
            message=read_message(call.body) if found.use is Use.MESSAGE else None,
        )

    async def admit(self, request: Request, call: HttpCall, read: "Read") -> "Sending | Reply":
        """What goes to the server in place of `call`, or what the agent hears."""
        found, message = read.found, read.message
        if message is None:
            return await self._stream(request, call, read)
        exchange = _Exchange(
            request=request,
            call=call,
            found=found,
            beside=read.beside,
            message=message,
            stream=self.streams.at(call),
        )
        if isinstance(message, Malformed):
            answer = malformed_answer(message) if found.server.configured else message.reply
            return self._refused(exchange, answer, status=200 if isinstance(answer, Result) else 400)
        shelf = self.shelf(found.server)
        name = message.params.get("name") if isinstance(message, Asked) else None
        params = shelf.params(name) if isinstance(name, str) else None
        if fault := disagreement(call.fields, message, params):
            return self._refused(exchange, fault)
        if isinstance(message, Asked | Notification):
            return await self._asked(exchange, message, shelf)
        return await self._plain(exchange, shelf)

    def too_much(self, message: Raw) -> Reply | None:
        """What the agent hears of a call to a configured server that has too much of something.

        None for all else that cannot be read. Nothing is sent.
        """
        url = plain_url(message.scheme, message.sni or message.host, message.port, message.target)
        malformed = read_message(message.body) if url in {server.url for server in self.servers} else None
        if not isinstance(malformed, Malformed) or not malformed.call:
            return None
        self.desk.keeping.metrics.refused(ReasonId.MCP_MALFORMED)
        return reply_of(malformed_answer(malformed), message.fields)

    async def _stream(self, request: Request, call: HttpCall, read: "Read") -> "Sending | Reply":
        """A request without a message: only rules speak about it."""
        found = read.found
        tier, reason = _STREAMING[found.use]
        own = Judgement(tier=tier, verdict=Verdict.PASS, reason_id=ReasonId.DEFAULT_TOOL, reason=reason)
        judgement = standing([*read.beside, own])
        asking = self._asking(found, Weighed(call=_call_of(found), usual=tier), None)
        outcome = await self.desk.admit(asking, judgement)
        if not isinstance(outcome, Go):
            assert isinstance(outcome, Failure)  # noqa: S101 (it is no tool's)
            self._count_refused()
            return reply_of(outcome, call.fields, status=403)
        if found.use in (Use.METADATA, Use.STREAM):
            plain = tuple(one for one in call.fields if one[0].lower() != b"accept-encoding")
            call = replace(call, fields=(*plain, (b"Accept-Encoding", b"identity")))
        rewriting: Passing | None = None
        if found.use is Use.METADATA:
            rewriting = self.authorization.reading(found)
        elif found.use is Use.STREAM:
            rewriting = self.answers.by_stream(
                Stream(found=found, gone=request.gone), self.shelf(found.server)
            )
        return Sending(call=call, judgement=outcome.judgement, rewriting=rewriting)

    async def _asked(
        self, exchange: "_Exchange", message: Asked | Notification, shelf: Shelf
    ) -> "Sending | Reply":
        tool = message.params.get("name")
        definition = shelf.definition(tool) if isinstance(tool, str) else None
        meaning = asked_by_client(message, server=shelf.server, tool=definition)
        match meaning:
            case Malformed() as malformed:
                return self._refused(exchange, malformed.reply, status=200)
            case Unknown() if not self.desk.ruleset().observed:
                return self._unknown(exchange, message)
            case Own() as own if isinstance(message, Asked):
                courier = self._courier(exchange, message, shelf)
                place = exchange.found.place
                said = await self.desk.own(own, place, courier=courier, gone=exchange.request.gone)
                return self._say(exchange, message, said)
            case Weighed() as asked if isinstance(message, Asked):
                return await self._weighed(exchange, message, asked, shelf)
            case _:
                return await self._plain(exchange, shelf)

    async def _weighed(
        self, exchange: "_Exchange", message: Asked, asked: Weighed, shelf: Shelf
    ) -> "Sending | Reply":
        courier, change = self._courier(exchange, message, shelf), None
        if asked.holdable and exchange.found.server.configured:
            await shelf.fill(courier.list_tools)
            await shelf.look_again(asked.call.tool)
            call = replace(asked.call, definition=shelf.definition(asked.call.tool))
            asked, change = replace(asked, call=call), shelf.change(asked.call.tool)
        judgement = weigh(asked, self.desk.ruleset(), change=change, beside=exchange.beside)
        asking = replace(
            self._asking(exchange.found, asked, courier),
            gone=exchange.request.gone,
            fields=steady(exchange.call.fields, credentials=self.desk.keeping.agent.secret_headers),
            success=shows_success_only(client_of(message)),
            reasoning=said_in(meta_of(message)) or said_by(exchange.call.fields),
            tasks=style(message) if exchange.found.server.tasks else None,
            state=state_brought(message),
        )
        outcome = await self.desk.admit(asking, judgement)
        if isinstance(outcome, Go):
            sending = self._sending(exchange, outcome.judgement, shelf)
            if outcome.continues is None:
                return sending
            return replace(sending, rewriting=self.answers.continuing(message, shelf, outcome.continues))
        return self._say(exchange, message, outcome)

    async def _plain(self, exchange: "_Exchange", shelf: Shelf) -> "Sending | Reply":
        """The protocol's own business: only rules on the request speak about it, if its server is known."""
        message = exchange.message
        method = message.method if isinstance(message, Asked | Notification) else "an answer"
        reason = f"`{method}` belongs to the protocol"
        own = Judgement(
            tier=Tier.READ_ONLY, verdict=Verdict.PASS, reason_id=ReasonId.DEFAULT_TOOL, reason=reason
        )
        judgement = standing([*exchange.beside, own])
        asked = Weighed(call=_call_of(exchange.found, method), usual=Tier.READ_ONLY)
        outcome = await self.desk.admit(self._asking(exchange.found, asked, None), judgement)
        if isinstance(outcome, Go):
            return self._sending(exchange, outcome.judgement, shelf)
        if isinstance(outcome, Failure) and not exchange.found.server.configured:
            outcome = refused_method(method, _NOT_CONFIGURED)
        if isinstance(message, Asked):
            return self._say(exchange, message, outcome)
        assert isinstance(outcome, Failure)  # noqa: S101 (it is no tool's)
        return self._refused(exchange, outcome, status=403)

    def _sending(self, exchange: "_Exchange", judgement: Judgement, shelf: Shelf) -> "Sending":
        """The message in our own words and with our own headers."""
        call, message = exchange.call, exchange.message
        assert not isinstance(message, Malformed)  # noqa: S101 (it was read)
        if exchange.stream is not None and isinstance(message, Asked):
            exchange.stream.ask(message)
        tool = message.params.get("name") if isinstance(message, Asked) else None
        params = shelf.params(tool) if isinstance(tool, str) else None
        kept = tuple(one for one in call.fields if one[0].lower() not in _OWN_FIELDS)
        own: Fields = ((b"Content-Type", b"application/json"), (b"Accept-Encoding", b"identity"))
        fields = (*ours(kept, message, params), *own)
        return Sending(
            call=replace(call, body=write(unsaid(message)), fields=fields),
            judgement=judgement,
            rewriting=self.authorization.watching(exchange.found.server, self.answers.to(message, shelf))
            if exchange.found.server.configured
            else None,
            endless=isinstance(message, Asked) and message.method == LISTEN,
        )

    def _unknown(self, exchange: "_Exchange", message: Asked | Notification) -> "Sending | Reply":
        words = f"`{message.method}` is a method that the gate does not know; nothing was sent"
        id_ = message.id if isinstance(message, Asked) else None
        status = 404 if is_modern(message) else 200
        return self._refused(exchange, Failure(id=id_, code=METHOD_NOT_FOUND, message=words), status=status)

    def _say(self, exchange: "_Exchange", message: Asked, said: Said) -> "Sending | Reply":
        return self._answer(exchange, in_answer_to(message, said))

    def _refused(
        self, exchange: "_Exchange", answer: Failure | Result, *, status: int = 400
    ) -> "Sending | Reply":
        self._count_refused()
        return self._answer(exchange, answer, status=status)

    def _count_refused(self) -> None:
        self.desk.keeping.metrics.refused(ReasonId.MCP_MALFORMED)
        logger.info("request.refused reason_id=%s protocol=mcp", ReasonId.MCP_MALFORMED)

    def _answer(
        self, exchange: "_Exchange", answer: Failure | Result, *, status: int = 200
    ) -> "Sending | Reply":
        """Our own words: by the stream where the agent listens for them there, else in answer to its post."""
        if exchange.stream is None or answer.id is None:
            return reply_of(answer, exchange.call.fields, status=status)
        exchange.stream.say(answer)
        ping = Asked(id=answer.id, method="ping")
        return self._sending(replace(exchange, message=ping), _PING, self.shelf(exchange.found.server))

    def _courier(self, exchange: "_Exchange", message: Asked, shelf: Shelf) -> HttpCourier:
        meta = meta_of(message) if is_modern(message) else {}
        return HttpCourier(
            call=exchange.call,
            live=self.desk.keeping.agent.credentials(exchange.call),
            meta={name: value for name, value in meta.items() if name.startswith(_OWN_META)},
            beside=exchange.beside,
            shelf=shelf,
            server=exchange.found.server.url,
            replayer=self.desk.replayer,
            stream=exchange.stream,
        )

    def _asking(self, found: Carried, asked: Weighed, courier: HttpCourier | None) -> Asking:
        return Asking(asked=asked, place=found.place, courier=courier)

    def shelf(self, server: Server) -> Shelf:
        """What is known of the server's tools; of one that nobody configured, nothing is kept."""
        key = self.desk.keeping.agent.keyed("pins", server.name, server.url)
        shelf = self._shelves.get(key) or Shelf(
            store=self.desk.keeping.store,
            server=server.name,
            key=key,
            place=server.url,
            pack=server.pack,
            trusting=lambda: server.trusted_at_first or self.desk.ruleset().observed,
        )
        if server.configured:
            self._shelves[key] = shelf
        return shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What is to be judged of a request. `message`: None where it carries none."""

    found: Carried
    beside: Sequence[Judgement]
    """What rules say of the request itself; where nobody configured the server, all judgements."""
    message: Message | Malformed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What leaves, as it was judged."""

    call: HttpCall
    judgement: Judgement
    rewriting: Passing | None = None
    endless: bool = False
    """Whether its answer is a stream without an end."""

    def passage(self, request: Request, where: tuple[str, int]) -> Passage:
        """Leave to go for it."""
        message = replace(request.message, fields=self.call.fields, body=self.call.body)
        return Passage(address=where, message=message, rewriting=self.rewriting, endless=self.endless)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exchange:
    """One message on its way."""

    request: Request
    call: HttpCall
    found: Carried
    beside: Sequence[Judgement]
    message: Message | Malformed
    stream: Stream | None
    """By which its server answers, where it does not in answers to posts."""


def _call_of(found: Carried, method: str = "") -> ToolCall:
    """The request as a call that nothing can hold."""
    return ToolCall(server=found.server.name, tool=method or str(found.use), arguments={})
