"""Carries an approved tool call over HTTP, with the credentials and the session of the agent's next touch."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from proxy.credentials.supply import Supplied
from proxy.mcp.calls import as_reply
from proxy.mcp.shelf import Shelf
from proxy.replay.exchange import exchange
from proxy.replay.line import Line, Unsent
from proxy.replay.replayer import Replayer
from rules.action import Action
from rules.call import HttpCall
from rules.headers import Fields, first
from rules.mcp.action import ToolAction
from rules.mcp.carried import SESSION
from rules.mcp.headers import VERSION, complete
from rules.mcp.meaning import Weighed
from rules.mcp.message import Failure, Members, Message, Request, Result, write
from rules.mcp.methods import CALL_TOOL
from rules.mcp.stream import Rewriting
from rules.mcp.weighing import weigh
from rules.mcp.wire import Malformed, read_answer
from rules.reply import Reply
from rules.verdict import Judgement, Refusal

_ERROR_STATUS = 400
_HTTP_FAILED = -32000
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCourier:
    """One request of the agent, by whose session an approved call can run now."""

    call: HttpCall
    live: Fields
    """The request's credentials."""
    meta: Members
    """What the request says of its client: the protocol's own words in `_meta`."""
    beside: Sequence[Judgement]
    """What rules say of the request itself."""
    shelf: Shelf
    replayer: Replayer

    def judge(self, action: ToolAction) -> Judgement:
        """What the policy of this moment says of `action`."""
        call = replace(action.call, definition=self.shelf.definition(action.tool))
        change = self.shelf.change(action.tool)
        return weigh(Weighed(call=call), self.replayer.ruleset(), change=change, beside=self.beside)

    async def carry(self, action: ToolAction, line: Line) -> Reply:
        """Send `action` once, as a request of its own, and return the server's answer."""
        request = self._request(action)
        line.action = http = self._as_http(action, request)
        where = await self.replayer.destinations.find(http.host, http.port)
        if isinstance(where, Refusal):
            raise Unsent(where.reason)
        token = str(request.id).encode()
        # A server may leave its stream open after the answer.
        line.enough = lambda content: token in content and content.endswith(_ENDS)
        supplied = Supplied(fields=self.live)
        reply = await exchange(line, http, supplied, self.replayer.route(where, supplied))
        return _answer(reply, request)

    def _request(self, action: ToolAction) -> Request:
        params: Members = {"name": action.tool, "arguments": action.arguments}
        meta: Members = {"_meta": self.meta} if self.meta else {}
        return Request(id=f"sidegate-{secrets.token_hex(8)}", method=CALL_TOOL, params=params | meta)

    def _as_http(self, action: ToolAction, request: Request) -> Action:
        own: Fields = (
            (b"Host", first(self.call.fields, b"host") or b""),
            (b"Content-Type", b"application/json"),
            (b"Accept", b"application/json, text/event-stream"),
            (b"Accept-Encoding", b"identity"),
        )
        session = tuple(field for field in self.call.fields if field[0].lower() in (SESSION, VERSION))
        fields = (*own, *action.fields, *session)
        return Action(
            method="POST",
            scheme=self.call.scheme,
            host=self.call.host,
            port=self.call.port,
            target=self.call.target,
            fields=complete(fields, request, self.shelf.params(action.tool)),
            body=write(request),
            principal=action.principal,
        )


def _answer(reply: Reply, request: Request) -> Reply:
    """What the server's HTTP answer says to `request`. Raises ConnectionError where it says nothing."""
    found: list[Result | Failure] = []

    def look(message: Message) -> None:
        if isinstance(message, Result | Failure) and message.id == request.id:
            found.append(message)

    reading = Rewriting(look, documents=False)
    if reading.head(reply.status, reply.fields) is not None:
        reading.data(reply.body)
    else:
        message = read_answer(reply.body)
        if not isinstance(message, Malformed):
            look(message)
    if found:
        return as_reply(found[0])
    if reply.status >= _ERROR_STATUS:
        words = f"the server answered HTTP {reply.status}"
        return as_reply(Failure(id=request.id, code=_HTTP_FAILED, message=words))
    raise ConnectionError("the answer has none to this call")
