"""Carries an approved call over HTTP when its agent is gone: a session of our own, a configured credential.

The server is asked which generation it speaks by a method that does nothing (`server/discover`); a call
is never sent to find out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx2

from proxy.credentials.supply import Outgoing, Supplied
from proxy.mcp.calls import as_reply
from proxy.mcp.endpoint import Endpoint, answer_in, call_of, enough, list_tools, request_of
from proxy.mcp.shelf import Shelf
from proxy.replay.courier import Courier
from proxy.replay.exchange import exchange, outgoing_fields
from proxy.replay.line import Line, Unsent
from proxy.replay.replayer import Replayer
from proxy.witness import WitnessError
from rules.action import Action
from rules.classify import judgements
from rules.headers import Fields, first
from rules.mcp.action import ToolAction
from rules.mcp.carried import SESSION, Server
from rules.mcp.meaning import Weighed
from rules.mcp.message import Members, Notification, Result
from rules.mcp.protocol import MODERN_VERSIONS
from rules.mcp.versions import CAPABILITIES_KEY, CLIENT_KEY, KNOWN, VERSION_KEY
from rules.mcp.weighing import of_rules, weigh
from rules.normalize import normalize
from rules.reply import Reply
from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict

_SECONDS = 10.0
_LEGACY = "2025-11-25"
_NAME: Members = {"name": "sidegate", "version": "1"}
_META: Members = {VERSION_KEY: max(MODERN_VERSIONS), CAPABILITIES_KEY: {}, CLIENT_KEY: _NAME}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSessions:
    """Sessions of our own with the configured servers. `shelf`: what is known of a server's tools."""

    servers: tuple[Server, ...]
    shelf: Callable[[Server], Shelf]
    replayer: Replayer

    def courier(self, action: ToolAction) -> Courier | None:
        """What could carry `action` without its agent, None where no credential is configured for it."""
        url = action.place.partition("?")[0]
        found = [server for server in self.servers if (server.url, server.name) == (url, action.server)]
        if not found:
            return None
        endpoint = _endpoint(action, self.replayer)
        request = endpoint.request(Notification(method="ping"))
        if not self.replayer.credentials.at(url, request).has(request):
            return None
        shelf = self.shelf(found[0])
        return OwnSession(endpoint=endpoint, server=url, shelf=shelf, replayer=self.replayer)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """One session, for one call."""

    endpoint: Endpoint
    server: str
    """The URL by which the configuration knows it."""
    shelf: Shelf
    replayer: Replayer

    def judge(self, action: ToolAction) -> Judgement:
        """What the policy of this moment says of `action`, and of the request that would carry it."""
        ruleset = self.replayer.ruleset()
        call = replace(action.call, definition=self.shelf.definition(action.tool))
        request = self.endpoint.request(call_of(action, {}), action.fields)
        carrying = normalize(request.message(), paths=ruleset.paths)
        if isinstance(carrying, Refusal):
            return _blocked(carrying)
        beside = of_rules(judgements(carrying, ruleset))
        return weigh(Weighed(call=call), ruleset, change=self.shelf.change(action.tool), beside=beside)

    async def carry(self, action: ToolAction, line: Line) -> Reply:
        """Begin a session, send `action` once in it, and return the server's answer."""
        try:
            endpoint, meta = await self._begun()
            if self.shelf.params(action.tool) is None:
                await list_tools(endpoint, self.shelf, meta, supply=self._supplied, within=_SECONDS)
        except (httpx2.HTTPError, OSError, WitnessError) as error:
            raise Unsent(f"no session with the server could be begun ({type(error).__name__})") from error
        request = call_of(action, meta)
        line.action = http = endpoint.request(request, action.fields, self.shelf.params(action.tool))
        where = await self.replayer.destinations.find(http.host, http.port)
        if isinstance(where, Refusal):
            raise Unsent(where.reason)
        line.enough = enough(request)
        supplied = await self._supplied(http, line)
        line.credential_used = supplied.label
        reply = await exchange(line, http, supplied, self.replayer.route(where, supplied))
        return as_reply(answer_in(reply, request))

    async def _begun(self) -> tuple[Endpoint, Members]:
        """Where the call can go, and what it has to say of itself. Raises Unsent."""
        supplied = await self._supplied(self.endpoint.request(Notification(method="ping")))
        endpoint = replace(self.endpoint, supplied=supplied)
        discover = request_of("server/discover", {"_meta": _META})
        reply = await endpoint.ask(discover, within=_SECONDS)
        if isinstance(answer_in(reply, discover), Result):
            return endpoint, {"_meta": _META}
        session = await _initialized(endpoint)
        return replace(endpoint, fields=(*endpoint.fields, *session)), {}

    async def _supplied(self, action: Action, line: Line | None = None) -> Supplied:
        fields, named = action.fields, None
        if line is not None:
            fields = outgoing_fields(action, line.header, line.hold.idempotency_key)
            named = self.replayer.ruleset().handling(line.hold.rule).credential
        credentials = self.replayer.credentials.at(self.server, action)
        return await credentials.supply(action, Outgoing.of(action, fields), named=named)


async def _initialized(endpoint: Endpoint) -> Fields:
    """The fields of a session that was begun as older servers have it. Raises Unsent."""
    begin = request_of("initialize", {"protocolVersion": _LEGACY, "capabilities": {}, "clientInfo": _NAME})
    reply = await endpoint.ask(begin, within=_SECONDS)
    answer = answer_in(reply, begin)
    version = answer.result.get("protocolVersion") if isinstance(answer, Result) else None
    if not isinstance(version, str) or version not in KNOWN:
        raise Unsent(f"the server did not begin a session (HTTP {reply.status})")
    fields: Fields = ((b"MCP-Protocol-Version", version.encode()),)
    if (session := first(reply.fields, SESSION)) is not None:
        fields += ((b"Mcp-Session-Id", session),)
    ready = Notification(method="notifications/initialized")
    await replace(endpoint, fields=(*endpoint.fields, *fields)).ask(ready, within=_SECONDS)
    return fields


def _endpoint(action: ToolAction, replayer: Replayer) -> Endpoint:
    parts = urlsplit(action.place)
    host = parts.hostname or ""
    query = f"?{parts.query}" if parts.query else ""
    return Endpoint(
        scheme=parts.scheme,
        host=host,
        port=parts.port or {"http": 80, "https": 443}[parts.scheme],
        target=f"{parts.path}{query}",
        authority=parts.netloc.encode(),
        fields=(),
        supplied=Supplied(),
        principal=action.principal,
        replayer=replayer,
    )


def _blocked(refusal: Refusal) -> Judgement:
    return Judgement(
        tier=Tier.HIGH_RISK,
        verdict=Verdict.BLOCK,
        reason_id=ReasonId.MCP_MALFORMED,
        reason=refusal.reason,
    )
