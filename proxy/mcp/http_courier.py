"""Carries an approved tool call over HTTP, with the credentials and the session of the agent's next touch."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

import httpx2

from proxy.credentials.supply import Supplied
from proxy.mcp.calls import as_reply
from proxy.mcp.endpoint import Endpoint, answer_in, enough, list_tools
from proxy.mcp.shelf import Shelf
from proxy.replay.exchange import exchange
from proxy.replay.line import Line, Unsent
from proxy.replay.replayer import Replayer
from proxy.witness import WitnessError
from rules.action import Principal
from rules.call import HttpCall
from rules.headers import Fields, first
from rules.mcp.action import ToolAction
from rules.mcp.carried import SESSION
from rules.mcp.headers import VERSION
from rules.mcp.meaning import Weighed
from rules.mcp.message import Members, Request
from rules.mcp.methods import CALL_TOOL
from rules.mcp.weighing import weigh
from rules.reply import Reply
from rules.verdict import Judgement, Refusal, Verdict

logger = logging.getLogger(__name__)

_LIST_SECONDS = 2.5


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
        params: Members = {"name": action.tool, "arguments": action.arguments}
        id_ = f"sidegate-{secrets.token_hex(8)}"
        request = Request(id=id_, method=CALL_TOOL, params=params | self._meta())
        endpoint = self._endpoint(action.principal)
        line.action = http = endpoint.request(request, action.fields, self.shelf.params(action.tool))
        where = await self.replayer.destinations.find(http.host, http.port)
        if isinstance(where, Refusal):
            raise Unsent(where.reason)
        line.enough = enough(request)
        supplied = endpoint.supplied
        reply = await exchange(line, http, supplied, self.replayer.route(where, supplied))
        return as_reply(answer_in(reply, request))

    async def list_tools(self) -> None:
        """Have the server list its tools for the shelf, if it does so in time.

        Nobody asked for it, so it is not done where a rule stops such requests.
        """
        if any(judgement.verdict is not Verdict.PASS for judgement in self.beside):
            return
        try:
            endpoint, meta = self._endpoint(Principal(agent="")), self._meta()
            await list_tools(endpoint, self.shelf, meta, within=_LIST_SECONDS)
        except (OSError, httpx2.HTTPError, Unsent, WitnessError) as error:
            logger.warning("mcp.not_listed server=%s why=%s", self.shelf.server, type(error).__name__)

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
            supplied=Supplied(fields=self.live),
            principal=principal,
            replayer=self.replayer,
        )
