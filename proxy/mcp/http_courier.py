"""Carries an approved tool call over HTTP, in the session of the agent's next touch."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import httpx2

from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.supply import Outgoing, Supplied
from proxy.mcp.calls import as_reply
from proxy.mcp.endpoint import Endpoint, call_of, enough, list_tools
from proxy.mcp.shelf import Shelf
from proxy.mcp.streams import Stream
from proxy.replay.exchange import exchange, outgoing_fields
from proxy.replay.line import Line, Unsent
from proxy.replay.repeating import REFUSED
from proxy.replay.replayer import Replayer
from proxy.store.record import StoreUnavailable
from proxy.witness import WitnessError
from rules.action import Action, Principal
from rules.call import HttpCall
from rules.headers import Fields, first, framed
from rules.mcp.action import ToolAction
from rules.mcp.carried import SESSION
from rules.mcp.headers import VERSION
from rules.mcp.meaning import Weighed
from rules.mcp.message import Members
from rules.mcp.weighing import weigh
from rules.reply import Reply
from rules.verdict import Judgement, Refusal, Verdict

logger = logging.getLogger(__name__)

_LIST_SECONDS = 2.5
_UNASKED = (Unsent, WitnessError, CredentialError, StoreUnavailable)


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
    server: str
    """The URL of the server: one that nobody configured has no credentials."""
    replayer: Replayer
    stream: Stream | None = None
    """By which its server answers, where it does not in answers to posts."""

    def judge(self, action: ToolAction) -> Judgement:
        """What the policy of this moment says of `action`."""
        call = replace(action.call, definition=self.shelf.definition(action.tool))
        change = self.shelf.change(action.tool)
        return weigh(Weighed(call=call), self.replayer.ruleset(), change=change, beside=self.beside)

    async def carry(self, action: ToolAction, line: Line) -> Reply:
        """Send `action` once, as a request of its own, and return the server's answer."""
        request = call_of(action, self._meta())
        endpoint = self._endpoint(action.principal)
        params = self.shelf.params(action.tool)
        line.action = http = endpoint.request(request, action.fields, params)
        where = await self.replayer.destinations.find(http.host, http.port)
        if isinstance(where, Refusal):
            raise Unsent(where.reason)
        line.enough = enough(request)
        supplied = await self._supply(http, line)
        line.credential_used = supplied.label
        with endpoint.awaiting(request) as told:
            reply = await exchange(line, http, supplied, self.replayer.route(where, supplied))
            answer = await told(reply)
        if reply.status == REFUSED and supplied.generations:
            # For the next call: nobody knows what a server has done that says it did not know us.
            with suppress(CredentialError, StoreUnavailable):
                await self._supply(http, line, past=supplied)
        return as_reply(answer)

    async def list_tools(self) -> None:
        """Have the server list its tools for the shelf, if it does so in time.

        Nobody asked for it, so it is not done where a rule stops such requests.
        """
        if any(judgement.verdict is not Verdict.PASS for judgement in self.beside):
            return
        try:
            endpoint = self._endpoint(Principal(agent=""))
            await list_tools(endpoint, self.shelf, self._meta(), supply=self._supply, within=_LIST_SECONDS)
        except (OSError, httpx2.HTTPError, *_UNASKED) as error:
            logger.warning("mcp.not_listed server=%s why=%s", self.shelf.server, type(error).__name__)

    async def _supply(
        self, http: Action, line: Line | None = None, *, past: Supplied | None = None
    ) -> Supplied:
        """The operator's credentials where there are any, else the agent's own; `line`: of an approved call.

        Raises CredentialError and StoreUnavailable.
        """
        credentials = self.replayer.credentials.at(self.server, http)
        live = None if credentials.has(http) else self.live
        if line is None:
            named, fields = None, framed(http.fields, http.method.encode(), http.body)
        else:
            named = self.replayer.ruleset().handling(line.hold.rule).credential
            fields = outgoing_fields(http, line.header, line.hold.idempotency_key)
        return await credentials.supply(http, Outgoing.of(http, fields), named=named, live=live, past=past)

    def _meta(self) -> Members:
        return {"_meta": self.meta} if self.meta else {}

    def _endpoint(self, principal: Principal) -> Endpoint:
        return Endpoint(
            scheme=self.call.scheme,
            host=self.call.host,
            port=self.call.port,
            target=self.call.target,
            authority=first(self.call.fields, b"host") or b"",
            fields=tuple(field for field in self.call.fields if field[0].lower() in (SESSION, VERSION)),
            principal=principal,
            replayer=self.replayer,
            stream=self.stream,
        )
