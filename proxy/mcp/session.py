"""One stdio session between an agent and a server: every message read, judged and written anew."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from proxy.failure import ended, report
from proxy.mcp.calls import Calls, StdioCourier
from proxy.mcp.child import Child
from proxy.mcp.desk import Asking, Desk, Go, Said
from proxy.mcp.lines import MAX_LINE_BYTES, TooLong, lines
from proxy.mcp.shelf import Shelf
from proxy.store.record import StoreUnavailable
from rules.hold import Hold
from rules.mcp.answer import (
    client_of,
    in_answer_to,
    malformed_answer,
    refused_method,
    refused_result,
    shows_success_only,
)
from rules.mcp.continuing import state_brought
from rules.mcp.meaning import Own, Plain, Unknown, Weighed, asked_by_client, asked_by_server
from rules.mcp.message import Failure, Id, Message, Notification, Request, Result, meta_of, write
from rules.mcp.methods import CALL_TOOL, LIST_CHANGED, LIST_TOOLS
from rules.mcp.passing import answer_for
from rules.mcp.protocol import CONNECTION_CLOSED, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR
from rules.mcp.tasks import style
from rules.mcp.versions import KNOWN, claimed, is_modern, unsupported
from rules.mcp.weighing import weigh
from rules.mcp.wire import Malformed, read_answer, read_line
from rules.review.reasoning import said_in, unsaid
from rules.verdict import Judgement, ReasonId, Refusal, Verdict

logger = logging.getLogger(__name__)

_TOO_LONG = Malformed(code=PARSE_ERROR, reason=f"the line is over {MAX_LINE_BYTES} bytes")
_FAILED = Refusal(reason_id=ReasonId.GATE_FAILED, reason="the gate failed while judging this call")
_OWN_META = "io.modelcontextprotocol/"

type Say = Callable[[bytes], Awaitable[None]]


class Session:
    """What is under way between one agent, whom `say` reaches, and the server that `child` is."""

    def __init__(self, desk: Desk, shelf: Shelf, *, child: Child, say: Say, place: str) -> None:
        self._desk = desk
        self._shelf = shelf
        self._child = child
        self._say = say
        self._place = place
        self._calls = Calls(child=child)
        self._courier = StdioCourier(calls=self._calls, shelf=shelf, ruleset=desk.ruleset)
        self._pending: dict[Id, Request] = {}
        """Requests of the agent that the server has."""
        self._waiting: set[Id] = set()
        """Requests of the agent that are with us."""
        self._asked: set[Id] = set()
        """Requests of the server that the agent has."""
        self._continuing: dict[Id, Hold] = {}
        """Requests that the server has under an approval of an earlier one."""
        self._held: set[str] = set()
        self._success = False
        self._ended = False

    async def run(self, reader: asyncio.StreamReader) -> int:
        """Serve until the agent or the server has gone; returns the server's exit code."""
        async with asyncio.TaskGroup() as tasks:
            server = tasks.create_task(self._from_server())
            agent = tasks.create_task(self._from_agent(reader, tasks))
            tasks.create_task(self._run_approved())
            await asyncio.wait((server, agent), return_when=asyncio.FIRST_COMPLETED)
            self._ended = True
            agent.cancel()
            code = await self._child.end()
            await server
            # Not cancelled: what is running has to be recorded as what it became.
            self._calls.end()
            self._desk.keeping.signals.wake()
            await self._tell_lost(f"the server has ended with code {code}")
        return code

    async def _from_agent(self, reader: asyncio.StreamReader, tasks: asyncio.TaskGroup) -> None:
        async for line in lines(reader):
            message = _TOO_LONG if isinstance(line, TooLong) else read_line(line)
            match message:
                case Malformed():
                    logger.warning("mcp.line_refused why=%s", message.reason)
                    await self._tell(malformed_answer(message))
                case Request():
                    await self._agent_asks(message, tasks)
                case Notification():
                    await self._agent_notes(message)
                case Result() | Failure() if message.id in self._asked:
                    self._asked.discard(message.id)
                    await self._pass(message)

    async def _agent_asks(self, request: Request, tasks: asyncio.TaskGroup) -> None:
        if fault := self._fault(request):
            await self._tell(fault)
            return
        self._recognize(request)
        name = request.params.get("name")
        tool = self._shelf.definition(name) if isinstance(name, str) else None
        match asked_by_client(request, server=self._shelf.server, tool=tool):
            case Malformed() as malformed:
                await self._tell(malformed.reply)
            case Unknown() if not self._desk.ruleset().observed:
                await self._tell(_unknown(request))
            case Plain() | Unknown():
                await self._forward(request)
            case Weighed() as asked if self._passes_at_once(asked):
                await self._forward(request)
            case Weighed() | Own() as asked:
                self._waiting.add(request.id)
                tasks.create_task(self._guarded(request, self._settle(request, asked)))

    def _passes_at_once(self, asked: Weighed) -> bool:
        """Whether the call only reads, for certain: nothing is to be asked of anybody."""
        if asked.holdable and not self._shelf.known:
            return False
        judgement = self._judge(asked)
        return judgement.only_reads and self._desk.admission.read(asked.call, judgement) is None

    async def _guarded(self, request: Request, work: Coroutine[Any, Any, Said | None]) -> None:
        """Tell the agent what `work` returns; a failure in it ends nothing but this request."""
        said = await ended(work)
        cancelled = request.id not in self._waiting
        self._waiting.discard(request.id)
        if isinstance(said, BaseException):
            if not isinstance(said, ConnectionError | asyncio.CancelledError):
                report("gate.failed", said)
            said = refused_result(_FAILED, success=self._success)
        if said is not None and not cancelled:
            await self._tell(in_answer_to(request, said))

    async def _settle(self, request: Request, asked: Weighed | Own) -> Said | None:
        """What the agent hears, or None where the server has the request now."""
        gone = partial(self._gone, request.id)
        if isinstance(asked, Own):
            return await self._desk.own(asked, self._place, courier=self._courier, gone=gone)
        if asked.holdable:
            await self._shelf.fill(partial(self._calls.list_tools, self._shelf))
            await self._shelf.look_again(asked.call.tool)
            call = replace(asked.call, definition=self._shelf.definition(asked.call.tool))
            asked = replace(asked, call=call)
        asking = Asking(
            asked=asked,
            place=self._place,
            courier=self._courier,
            gone=gone,
            held=self._held,
            success=self._success,
            reasoning=said_in(meta_of(request)),
            tasks=style(request) if self._desk.tasks else None,
            state=state_brought(request),
        )
        outcome = await self._desk.admit(asking, self._judge(asked))
        if not isinstance(outcome, Go):
            return outcome
        if not gone():
            if outcome.continues is not None:
                self._continuing[request.id] = outcome.continues
            await self._forward(request)
        return None

    def _judge(self, asked: Weighed) -> Judgement:
        change = self._shelf.change(asked.call.tool) if asked.holdable else None
        return weigh(asked, self._desk.ruleset(), change=change)

    def _gone(self, id_: Id) -> bool:
        return self._ended or id_ not in self._waiting

    async def _agent_notes(self, note: Notification) -> None:
        cancelled = note.params.get("requestId")
        if note.method == "notifications/cancelled" and cancelled in self._waiting:
            # The wait is over, the hold is not.
            self._waiting.discard(cancelled)
        elif isinstance(asked_by_client(note, server=self._shelf.server), Plain) or self._observing:
            await self._pass(note)

    async def _from_server(self) -> None:
        async for line in self._child.lines():
            message = _TOO_LONG if isinstance(line, TooLong) else read_answer(line)
            match message:
                case Malformed():
                    await self._server_babbles(message)
                case Result() | Failure():
                    await self._server_answers(message)
                case Request():
                    await self._server_asks(message)
                case Notification():
                    await self._server_notes(message)

    async def _server_notes(self, note: Notification) -> None:
        if note.method == LIST_CHANGED:
            self._shelf.invalidate()
        if self._observing or _is_plain(note, self._shelf.server):
            await self._tell(note)

    async def _server_babbles(self, message: Malformed) -> None:
        """A line that is no message is for nobody; one that is too long was an answer to somebody."""
        logger.warning("mcp.server_line_dropped why=%s", message.reason)
        if message is _TOO_LONG:
            self._calls.lose()
            await self._tell_lost(f"the server has sent a line of over {MAX_LINE_BYTES} bytes")

    async def _server_answers(self, answer: Result | Failure) -> None:
        if self._calls.answered(answer) or answer.id is None:
            return
        request = self._pending.pop(answer.id, None)
        if (hold := self._continuing.pop(answer.id, None)) is not None:
            await self._desk.note(hold, answer)
        if request is not None:
            await self._tell(await self._rewritten(request, answer))

    async def _rewritten(self, request: Request, answer: Result | Failure) -> Result | Failure:
        """The answer as the agent gets it."""
        if request.method == LIST_TOOLS and isinstance(answer, Result):
            await self._shelf.learn(answer.result, first="cursor" not in request.params)
        if isinstance(answer, Result):
            self._desk.look(request, answer.result, server=self._shelf.server)
        return answer_for(request, answer, widened=self._success)

    async def _server_asks(self, request: Request) -> None:
        asked = asked_by_server(request, server=self._shelf.server)
        if isinstance(asked, Weighed):
            if (judgement := self._judge(asked)).verdict is not Verdict.PASS:
                self._desk.admission.blocked(asked.call, judgement)
                refused = refused_method(request.method, judgement.reason)
                await self._pass(replace(refused, id=request.id))
                return
        elif not isinstance(asked, Plain) and not self._observing:
            await self._pass(_unknown(request))
            return
        self._asked.add(request.id)
        await self._tell(request)

    async def _run_approved(self) -> None:
        """Run this session's holds as they are approved, until it ends."""
        while not self._ended:
            await self._desk.keeping.signals.anything()
            for hold_id in () if self._ended else tuple(self._held):
                run = self._desk.run(hold_id, self._courier)
                outcome = await ended(self._desk.replayer.contained(hold_id, run))
                if not isinstance(outcome, StoreUnavailable) and (outcome is None or _is_over(outcome)):
                    self._held.discard(hold_id)

    def _fault(self, request: Request) -> Failure | None:
        """Why nothing can be done with `request`, whatever it asks for."""
        version = claimed(request)
        if version is not None and version not in KNOWN:
            return unsupported(request.id, version, modern=request.method != "initialize")
        if request.id in self._pending or request.id in self._waiting:
            reason = "a request with this id is under way"
            return Failure(id=request.id, code=INVALID_REQUEST, message=f"{reason}; nothing was sent")
        return None

    def _recognize(self, request: Request) -> None:
        """Keep what the client says of itself: for the shape of answers, and for requests of ours."""
        if (client := client_of(request)) is not None:
            self._success = shows_success_only(client)
        if is_modern(request):
            meta = meta_of(request)
            self._calls.meta = {name: v for name, v in meta.items() if name.startswith(_OWN_META)}

    @property
    def _observing(self) -> bool:
        return self._desk.ruleset().observed

    async def _forward(self, request: Request) -> None:
        self._pending[request.id] = request
        await self._pass(request)

    async def _pass(self, message: Message) -> None:
        """Send the server what was judged, in our words; a server that has gone is seen elsewhere."""
        outcome = await ended(self._child.write(write(unsaid(message))))
        if isinstance(outcome, BaseException) and not isinstance(outcome, ConnectionError):
            raise outcome

    async def _tell(self, message: Message) -> None:
        await self._say(write(message))

    async def _tell_lost(self, why: str) -> None:
        """Every request that the server has gets an error: its answer will not come."""
        for id_, request in tuple(self._pending.items()):
            del self._pending[id_]
            doubt = "; it may have been executed" if request.method == CALL_TOOL else ""
            await self._tell(Failure(id=id_, code=CONNECTION_CLOSED, message=f"{why}{doubt}"))


def _is_plain(message: Notification, server: str) -> bool:
    return isinstance(asked_by_server(message, server=server), Plain)


def _is_over(outcome: object) -> bool:
    return getattr(outcome, "settled", True)


def _unknown(request: Request) -> Failure:
    words = f"`{request.method}` is a method that the gate does not know; nothing was sent"
    return Failure(id=request.id, code=METHOD_NOT_FOUND, message=words)
