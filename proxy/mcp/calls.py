"""Our own requests on the agent's session with a stdio server, and the approved calls among them."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from proxy.mcp.child import Child
from proxy.mcp.shelf import Shelf
from proxy.replay.line import Line
from rules.mcp.action import ToolAction
from rules.mcp.meaning import Weighed
from rules.mcp.message import Failure, Members, Request, Result, write
from rules.mcp.methods import CALL_TOOL, LIST_TOOLS
from rules.mcp.weighing import weigh
from rules.reply import Reply
from rules.ruleset import Ruleset
from rules.verdict import Judgement

type Answer = Result | Failure

_JSON = ((b"Content-Type", b"application/json"),)
_LIST_SECONDS = 3.0
_MAX_PAGES = 20


@dataclass(slots=True, kw_only=True)
class Calls:
    """Requests under ids that no agent can guess. `meta`: what the agent's own requests say of themselves."""

    child: Child
    meta: Members = field(default_factory=dict)
    _prefix: str = field(default_factory=lambda: f"sidegate-{secrets.token_hex(8)}")
    _count: int = 0
    _open: dict[str, asyncio.Future[Answer]] = field(default_factory=dict)
    _ended: bool = False

    async def ask(self, method: str, params: Members) -> Answer:
        """The server's answer. Raises ConnectionError where none can come any more."""
        if self._ended:
            raise ConnectionError
        self._count += 1
        id_ = f"{self._prefix}-{self._count}"
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[id_] = future
        try:
            meta: Members = {"_meta": self.meta} if self.meta else {}
            await self.child.write(write(Request(id=id_, method=method, params=params | meta)))
            return await future
        finally:
            del self._open[id_]

    def answered(self, answer: Answer) -> bool:
        """Whether `answer` is to a request of ours; if so, it is taken."""
        future = self._open.get(answer.id) if isinstance(answer.id, str) else None
        if future is not None and not future.done():
            future.set_result(answer)
        return future is not None or (isinstance(answer.id, str) and answer.id.startswith(self._prefix))

    def end(self) -> None:
        """No answer will come any more."""
        self._ended = True
        self.lose()

    def lose(self) -> None:
        """Nobody knows which answer was lost: it may be to any of them."""
        for future in self._open.values():
            if not future.done():
                future.set_exception(ConnectionError())

    def check(self) -> None:
        """Raises ConnectionError where nothing can be sent any more."""
        if self._ended:
            raise ConnectionError

    async def list_tools(self, shelf: Shelf) -> None:
        """Have the server list its tools for `shelf`, if it does so in time."""
        try:
            async with asyncio.timeout(_LIST_SECONDS):
                await self._list_tools(shelf)
        except (TimeoutError, ConnectionError):
            return

    async def _list_tools(self, shelf: Shelf) -> None:
        params: Members = {}
        for page in range(_MAX_PAGES):
            answer = await self.ask(LIST_TOOLS, params)
            if not isinstance(answer, Result):
                return
            await shelf.learn(answer.result, first=page == 0)
            cursor = answer.result.get("nextCursor")
            if not cursor:
                return
            params = {"cursor": cursor}


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioCourier:
    """Carries approved tool calls on the session's own streams."""

    calls: Calls
    shelf: Shelf
    ruleset: Callable[[], Ruleset]

    def judge(self, action: ToolAction) -> Judgement:
        """What the policy of this moment says of `action`."""
        call = replace(action.call, definition=self.shelf.definition(action.tool))
        return weigh(Weighed(call=call), self.ruleset(), change=self.shelf.change(action.tool))

    async def carry(self, action: ToolAction, line: Line) -> Reply:
        """Send `action` once and return the server's answer."""
        self.calls.check()
        await line.step_over()
        answer = await self.calls.ask(CALL_TOOL, {"name": action.tool, "arguments": action.arguments})
        return as_reply(answer)


def as_reply(answer: Answer) -> Reply:
    """A tool's answer as a hold keeps it: 500 for one that says that it failed."""
    failed = isinstance(answer, Failure) or answer.result.get("isError") is True
    # The id belonged to the request that carried it.
    return Reply(status=500 if failed else 200, fields=_JSON, body=write(replace(answer, id=0)))
