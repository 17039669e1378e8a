"""One request of a channel: to a checked address, bounded in time and size, never redirected or repeated."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from proxy.destinations import Destinations
from rules.verdict import ReasonId, Refusal

SECONDS = 10.0
_MOST_BYTES = 64 * 1024
_REDIRECTS = range(300, 400)


class Untold(Exception):
    """a channel did not take what it was told; the message says why"""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final
        """Whether telling it again is of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Sends them."""

    destinations: Destinations
    trust: ssl.SSLContext
    seconds: float = SECONDS

    async def post(self, url: str, *, headers: Mapping[str, str], content: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a post. Raises Untold."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._post(url, headers, content)
        except TimeoutError as error:
            raise Untold(f"no whole answer came within {self.seconds:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise Untold(f"the connection failed or broke ({type(error).__name__})") from error

    async def _post(self, url: str, headers: Mapping[str, str], content: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        where = await self.destinations.find(host, port)
        if isinstance(where, Refusal):
            raise Untold(_refused(host, where))
        named = f"[{host}]" if ":" in host else host
        given = {"Host": named if parts.port is None else f"{named}:{port}", "User-Agent": "sidegate"}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = httpx2.Request(
            "POST",
            httpx2.URL(scheme=parts.scheme, host=where[0], port=where[1], path="/"),
            headers={**given, "Accept-Encoding": "identity", **headers},
            content=content,
            extensions={"target": target.encode("ascii"), "sni_hostname": host},
        )
        async with httpx2.AsyncHTTPTransport(verify=self.trust, trust_env=False, retries=0) as transport:
            response = await transport.handle_async_request(request)
            try:
                body = await _body(response)
            finally:
                await response.aclose()
        if response.status_code in _REDIRECTS:
            raise Untold("it redirects, which is not followed: configure where it leads")
        return response.status_code, body


def _refused(host: str, refusal: Refusal) -> str:
    if refusal.reason_id is ReasonId.DESTINATION_UNRESOLVED:
        return f"the name `{host}` does not resolve"
    return f"`{host}` is no address of the internet, or the gate's own: name it under `channels.allow`"


async def _body(response: httpx2.Response) -> bytes:
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > _MOST_BYTES:
            raise Untold(f"its answer is over {_MOST_BYTES} bytes")
    return bytes(content)
