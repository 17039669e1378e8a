"""A server over HTTP, spoken to by the gate itself: messages as requests, and answers out of them."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx2

from proxy.credentials.credentials import with_fields
from proxy.credentials.supply import Supplied
from proxy.mcp.calls import Answer
from proxy.mcp.shelf import Shelf
from proxy.mcp.streams import Stream
from proxy.replay.line import Unsent
from proxy.replay.replayer import Replayer
from rules.action import Action, Principal
from rules.headers import Fields, end_to_end, framed
from rules.mcp.action import ToolAction
from rules.mcp.headers import ParamNames, complete
from rules.mcp.message import Failure, Members, Message, Notification, Request, Result, write
from rules.mcp.methods import CALL_TOOL, LIST_TOOLS
from rules.mcp.stream import Rewriting
from rules.mcp.wire import Malformed, read_answer
from rules.reply import Reply
from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict

_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_HTTP_FAILED = -32000
_ERROR_STATUS = 400
_MAX_PAGES = 20
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_OWN = Judgement(
    tier=Tier.READ_ONLY,
    verdict=Verdict.PASS,
    reason_id=ReasonId.DEFAULT_TOOL,
    reason="the gate's own part of the protocol",
)


NOTHING = Supplied()


type Supply = Callable[[Action], Awaitable[Supplied]]
"""Gives the credentials of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a server is, and what goes along with every message to it."""

    scheme: str
    host: str
    port: int
    target: str
    authority: bytes
    """The Host field."""
    fields: Fields
    """Those of the session, and others that every request has."""
    principal: Principal
    replayer: Replayer
    supplied: Supplied = NOTHING
    stream: Stream | None = None
    """By which answers come where they are none to the posts."""

    def request(self, message: Message, fields: Fields = (), params: ParamNames | None = None) -> Action:
        """`message` as a request, with further `fields`; `params`: the called tool's, for headers."""
        own: Fields = (
            (b"Host", self.authority),
            (b"Content-Type", b"application/json"),
            (b"Accept", b"application/json, text/event-stream"),
            (b"Accept-Encoding", b"identity"),
        )
        return Action(
            method="POST",
            scheme=self.scheme,
            host=self.host,
            port=self.port,
            target=self.target,
            fields=complete((*own, *fields, *self.fields), message, params),
            body=write(message),
            principal=self.principal,
        )

    async def ask(self, message: Request | Notification, *, within: float) -> Reply:
        """The answer to a message that asks for nothing but what the protocol needs.

        Raises OSError, httpx2.HTTPError, Unsent and WitnessError.
        """
        async with asyncio.timeout(within):
            where = await self.replayer.destinations.find(self.host, self.port)
            if isinstance(where, Refusal):
                raise Unsent(where.reason)
            action = self.request(message)
            if self.replayer.witness is not None:
                self.replayer.witness.record(action, _OWN)
            return await self._exchange(action, where, enough(message))

    @contextmanager
    def awaiting(self, request: Request) -> Iterator[Callable[[Reply], Awaitable[Answer]]]:
        """Tells the answer to `request` by the reply to its post. Raises ConnectionError where none comes."""
        if (stream := self.stream) is None:

            async def read(reply: Reply) -> Answer:
                return answer_in(reply, request)

            yield read
            return
        with stream.expecting(request) as future:

            async def listen(reply: Reply) -> Answer:
                failed = reply.status >= _ERROR_STATUS
                return answer_in(reply, request) if failed else await stream.heard(future)

            yield listen

    async def _exchange(
        self, action: Action, where: tuple[str, int], is_enough: Callable[[bytearray], bool]
    ) -> Reply:
        """One POST on a connection of its own; no redirects, no retries, nothing from the environment."""
        fields = with_fields(framed(action.fields, b"POST", action.body), self.supplied.fields)
        request = httpx2.Request(
            "POST",
            httpx2.URL(scheme=action.scheme, host=where[0], port=where[1], path="/"),
            headers=list(fields),
            content=action.body,
            extensions={"target": action.target.encode("latin-1"), "sni_hostname": action.host},
        )
        tls = self.supplied.tls or self.replayer.trust
        async with httpx2.AsyncHTTPTransport(verify=tls, trust_env=False, retries=0) as transport:
            response = await transport.handle_async_request(request)
            try:
                body = await _body(response, is_enough)
            finally:
                await response.aclose()
        return Reply(status=response.status_code, fields=end_to_end(tuple(response.headers.raw)), body=body)


async def list_tools(
    endpoint: Endpoint, shelf: Shelf, meta: Members, *, supply: Supply, within: float
) -> None:
    """Have the server list its tools for `shelf`, all pages within so many seconds.

    Raises as `ask` and `supply` do.
    """
    params: Members = {}
    async with asyncio.timeout(within):
        for page in range(_MAX_PAGES):
            request = request_of(LIST_TOOLS, params | meta)
            asking = replace(endpoint, supplied=await supply(endpoint.request(request)))
            with asking.awaiting(request) as told:
                answer = await told(await asking.ask(request, within=within))
            if not isinstance(answer, Result):
                return
            await shelf.learn(answer.result, first=page == 0)
            cursor = answer.result.get("nextCursor")
            if not cursor:
                return
            params = {"cursor": cursor}


def call_of(action: ToolAction, meta: Members) -> Request:
    """The message that asks for `action`; `meta`: what it says of its client."""
    params: Members = {"name": action.tool, "arguments": action.arguments}
    return request_of(CALL_TOOL, params | meta)


def request_of(method: str, params: Members) -> Request:
    """A request under an id that nobody can guess."""
    return Request(id=f"sidegate-{secrets.token_hex(8)}", method=method, params=params)


def enough(message: Request | Notification) -> Callable[[bytearray], bool]:
    """Tells whether content has the answer to `message`: a server may leave its stream open after it."""
    token = str(message.id).encode() if isinstance(message, Request) else None
    return lambda content: token is not None and token in content and content.endswith(_ENDS)


def answer_in(reply: Reply, request: Request) -> Answer:
    """What a server's HTTP answer says to `request`. Raises ConnectionError where it says nothing."""
    found: list[Answer] = []

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
        return found[0]
    if reply.status >= _ERROR_STATUS:
        words = f"the server answered HTTP {reply.status}"
        return Failure(id=request.id, code=_HTTP_FAILED, message=words)
    raise ConnectionError("the answer has none to this call")


async def _body(response: httpx2.Response, is_enough: Callable[[bytearray], bool]) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _MAX_ANSWER_BYTES or is_enough(content):
            break
    return bytes(content[:_MAX_ANSWER_BYTES])
