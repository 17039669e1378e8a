"""What servers answer over HTTP, on its way back to the agent."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from addons.exchange import Rewriting as Passing
from proxy.mcp.desk import Desk
from proxy.mcp.shelf import Shelf
from proxy.mcp.streams import Stream, Streams
from rules.hold import Hold
from rules.mcp.answer import client_of, shows_success_only
from rules.mcp.looking import Looking
from rules.mcp.meaning import Plain, Weighed, asked_by_server
from rules.mcp.message import Failure, Message, Notification, Result
from rules.mcp.message import Request as Asked
from rules.mcp.methods import CALL_TOOL, LIST_CHANGED, LIST_TOOLS, READ_BY_MODELS
from rules.mcp.passing import answer_for
from rules.mcp.stream import Rewriting
from rules.mcp.weighing import weigh
from rules.verdict import Verdict

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What becomes of the messages in answers. `tasks`: where what is learned of them is written down."""

    desk: Desk
    streams: Streams
    tasks: asyncio.TaskGroup

    def by_stream(self, stream: Stream, shelf: Shelf) -> Rewriting:
        """What edits a stream that may be the one by which posts are answered."""

        def edit(message: Message) -> Message | None:
            if not isinstance(message, Result | Failure) or message.id is None:
                return self._edited(message, None, shelf)
            said, request = stream.exchanged(message), stream.asked(message.id)
            return self._edited(message, request, shelf) if said is message else said

        return Rewriting(edit, documents=False, named=partial(self.streams.named, stream))

    def to(self, message: Message, shelf: Shelf) -> Passing:
        """What edits the answer to the post of `message`."""
        documents = isinstance(message, Asked) and message.method in (LIST_TOOLS, "initialize")

        def edit(answer: Message) -> Message | None:
            return self._edited(answer, message, shelf)

        def look(answer: Message) -> None:
            self._edited(answer, message, shelf)

        rewriting = Rewriting(edit, documents=documents)
        if isinstance(message, Asked) and message.method in READ_BY_MODELS:
            return Looking(rewriting, look)
        return rewriting

    def continuing(self, message: Asked, shelf: Shelf, hold: Hold) -> Rewriting:
        """What sees whether the server asks something back again."""

        def edit(answer: Message) -> Message | None:
            if isinstance(answer, Result) and answer.id == message.id:
                self.tasks.create_task(self.desk.note(hold, answer))
            return self._edited(answer, message, shelf)

        return Rewriting(edit, documents=True)

    def _edited(self, answer: Message, request: Message | None, shelf: Shelf) -> Message | None:
        """What of a server's message reaches the agent."""
        if isinstance(answer, Result | Failure):
            if not isinstance(request, Asked) or answer.id != request.id:
                # Resumed streams bring answers to requests that came before.
                lists = isinstance(answer, Result) and isinstance(answer.result.get("tools"), list)
                request = Asked(id=answer.id or 0, method=LIST_TOOLS if lists else CALL_TOOL)
            if request.method == LIST_TOOLS and isinstance(answer, Result):
                first = "cursor" not in request.params
                shelf.learn_beside(self.tasks, answer.result, first=first)
            if isinstance(answer, Result):
                self.desk.look(request, answer.result, server=shelf.server)
            return answer_for(request, answer, widened=shows_success_only(client_of(request)))
        if isinstance(answer, Notification) and answer.method == LIST_CHANGED:
            shelf.invalidate()
        asked = asked_by_server(answer, server=shelf.server)
        ruleset = self.desk.ruleset()
        if isinstance(asked, Weighed):
            passes = weigh(asked, ruleset).verdict is Verdict.PASS
        else:
            passes = isinstance(asked, Plain) or ruleset.observed
        if passes:
            return answer
        logger.warning("mcp.server_request_refused server=%s", shelf.server)
        # Its answer, which the client gives by itself, is none that the server could use.
        return Asked(id=answer.id, method="ping") if isinstance(answer, Asked) else None
