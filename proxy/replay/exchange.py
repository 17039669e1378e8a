"""One request over HTTP and its answer: no redirects, no retries, nothing from the environment."""

import asyncio
import ssl
from dataclasses import dataclass

import httpx2

from proxy.credentials.credentials import with_fields
from proxy.credentials.supply import Supplied
from proxy.destinations import Address
from proxy.replay.line import IDEMPOTENCY_HEADER, Line
from rules.action import Action
from rules.headers import Fields, end_to_end, framed
from rules.reply import Reply

_CONNECT_TIMEOUT = 10.0
_MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where an upstream is, what it is trusted by, and how many seconds its whole answer may take."""

    where: Address
    trust: ssl.SSLContext
    timeout: float


async def exchange(line: Line, action: Action, supplied: Supplied, route: Route) -> Reply:
    """Send `action` on a connection of its own, over `line`. Raises httpx2.HTTPError, OSError, Unsent."""
    outgoing = outgoing_fields(action, line.header, line.hold.idempotency_key)
    # TCP and TLS each have it, and end before the whole time does, which would leave a socket open.
    patience = min(_CONNECT_TIMEOUT, route.timeout / 3)
    request = httpx2.Request(
        action.method,
        httpx2.URL(scheme=action.scheme, host=route.where[0], port=route.where[1], path="/"),
        headers=list(with_fields(outgoing, supplied.fields)),
        content=action.body,
        extensions={
            "target": action.target.encode("latin-1"),
            "sni_hostname": action.host,
            "trace": line.trace,
            "timeout": {"connect": patience, "pool": patience},
        },
    )
    async with (
        asyncio.timeout(route.timeout),
        httpx2.AsyncHTTPTransport(verify=route.trust, trust_env=False, retries=0) as transport,
    ):
        response = await transport.handle_async_request(request)
        try:
            return await _read(response, line)
        finally:
            await response.aclose()


def outgoing_fields(action: Action, header: str, key: str) -> Fields:
    """The approved fields, with our idempotency key in place of the agent's."""
    replaced = {IDEMPOTENCY_HEADER.lower().encode(), header.lower().encode()}
    kept = tuple((n, v) for n, v in action.fields if n.lower() not in replaced)
    return (*framed(kept, action.method.encode(), action.body), (header.encode(), key.encode()))


async def _read(response: httpx2.Response, line: Line) -> Reply:
    """The whole answer as it came, up to a bound; the encoding of its content is left alone."""
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _MAX_ANSWER_BYTES or line.enough(content):
            break
    cut = len(content) > _MAX_ANSWER_BYTES
    fields = [(n, v) for n, v in end_to_end(tuple(response.headers.raw)) if n.lower() != b"content-length"]
    if cut:
        fields.append((b"Sidegate-Answer", b"cut"))
    return Reply(
        status=response.status_code,
        fields=tuple(fields),
        body=bytes(content[:_MAX_ANSWER_BYTES]),
        phrase=response.reason_phrase,
    )
