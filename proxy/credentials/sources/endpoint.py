"""Requests to token endpoints: one each, bounded in time and size, never redirected, not through a proxy.

These are the operator's own addresses, from the configuration, so they may be private ones; an agent
has no say in them.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2

from proxy.credentials.sources.secret import CredentialError
from rules.language.complaint import quote
from rules.request.strict_json import Json, parse

_MAX_ANSWER_BYTES = 256 * 1024
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_REDIRECTS = range(300, 400)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an endpoint answered: one JSON object, and by how many seconds our clock is ahead of its."""

    status: int
    content: Mapping[str, Json]
    ahead: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How all of them are asked. `now` is the wall clock, `timeout` seconds for a whole exchange."""

    trust: ssl.SSLContext
    now: Callable[[], float]
    timeout: float = 10.0

    async def post(self, url: str, *, form: Mapping[str, str], headers: Mapping[str, str]) -> Said:
        """Send a form. Raises CredentialError where no JSON object comes back."""
        content = urlencode(form).encode()
        return await self._ask("POST", url, headers={"Content-Type": _FORM, **headers}, content=content)

    async def post_json(self, url: str, *, content: Mapping[str, Any], headers: Mapping[str, str]) -> Said:
        """Send a JSON object. Raises CredentialError where none comes back."""
        sent = json.dumps(content).encode()
        return await self._ask(
            "POST", url, headers={"Content-Type": "application/json", **headers}, content=sent
        )

    async def get(self, url: str, *, headers: Mapping[str, str]) -> Said:
        """Read. Raises CredentialError where no JSON object comes back."""
        return await self._ask("GET", url, headers=headers, content=b"")

    async def _ask(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Said:
        given = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "sidegate"}
        patience = self.timeout / 3
        limits = {"connect": patience, "pool": patience, "read": self.timeout, "write": self.timeout}
        try:
            request = httpx2.Request(
                method, url, headers={**given, **headers}, content=content, extensions={"timeout": limits}
            )
            async with (
                asyncio.timeout(self.timeout),
                httpx2.AsyncHTTPTransport(verify=self.trust, trust_env=False, retries=0) as transport,
            ):
                response = await transport.handle_async_request(request)
                try:
                    return self._read(response, await _body(response))
                finally:
                    await response.aclose()
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise CredentialError(f"`{_place(url)}` did not answer within {self.timeout:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            why = _lie(error) or "the connection failed or broke"
            raise CredentialError(f"`{_place(url)}` gave no answer that can be used: {why}") from error

    def _read(self, response: httpx2.Response, body: bytes) -> Said:
        if response.status_code in _REDIRECTS:
            raise _Lie("it redirects, and no secret follows it; configure where it leads")
        try:
            content = parse(body)
        except ValueError as error:
            raise _Lie(f"it answered {response.status_code} with what is no JSON") from error
        if not isinstance(content, dict):
            raise _Lie("its answer is no JSON object")
        return Said(status=response.status_code, content=content, ahead=self._ahead(response))

    def _ahead(self, response: httpx2.Response) -> float | None:
        """How far our clock is ahead of that of whoever dated the answer."""
        try:
            dated = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return None
        # A date without a zone is in UTC (RFC 9110 section 5.6.7).
        return self.now() - (dated if dated.tzinfo else dated.replace(tzinfo=UTC)).timestamp()


def endpoint_url(value: str) -> str:
    """`value` without its last slash, an address to which secrets may be sent. Raises ValueError."""
    try:
        parts = urlsplit(value)
        known = parts.hostname is not None and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.username or parts.query or parts.fragment or not value.isascii():
        raise ValueError(
            f"{quote(value.partition('@')[2] or value)} is no plain url; write https://HOST/PATH"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(
            "secrets go to it, so its url begins with https://, or with http:// on loopback alone"
        )
    return value.rstrip("/")


class _Lie(ValueError):
    """an answer that no token endpoint gives"""


def _lie(error: Exception) -> str:
    return str(error) if isinstance(error, _Lie) else ""


async def _body(response: httpx2.Response) -> bytes:
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > _MAX_ANSWER_BYTES:
            raise _Lie(f"its answer is over {_MAX_ANSWER_BYTES} bytes")
    return bytes(content)


def _place(url: str) -> str:
    """Where a URL leads, without a query, which may hold anything."""
    return url.partition("?")[0]
