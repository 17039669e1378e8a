"""Which requests the console hears at all, and who sent them.

A browser on a reviewer's machine can be made to send requests here, under a name that was pointed at
this address (DNS rebinding) or from a page of another origin: neither gets past this door. The API's
token is the second lock; it is in no cookie, so no page can make a browser add it.
"""

import ipaddress
import re
from collections.abc import Collection

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from proxy.console.people.directory import Directory
from proxy.console.problem import Obstacle, Problem
from proxy.console.unread import Unread
from rules.request.authority import split_authority
from rules.reviewer import Reviewer

_DEFAULT_PORT = 80
_BEARER = re.compile(rb"bearer +([A-Za-z0-9._~+/=-]{1,512})", re.IGNORECASE)
_REVIEWER = "sidegate.reviewer"


class Door:
    """ASGI middleware that serves only requests which were meant for this console."""

    def __init__(self, app: ASGIApp, *, address: tuple[str, int], names: Collection[str]) -> None:
        self._app = app
        self._authorities = {address, *(split_authority(name, _DEFAULT_PORT) for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._refuse(scope)
        app = self._app if problem is None else problem.response()
        body = Unread(scope, receive, send)
        await app(scope, body.receive, body.send)

    def _refuse(self, scope: Scope) -> Problem | None:
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or not self._ours(hosts[0], scope):
            detail = "this console is not served under that name: use the address it listens on"
            return Problem(421, Obstacle.HOST_UNKNOWN, detail)
        own = {f"http://{hosts[0]}".lower(), f"https://{hosts[0]}".lower()}
        if any(origin.lower() not in own for origin in _values(scope, b"origin")):
            detail = "a page of another origin sent this request: nothing was done"
            return Problem(403, Obstacle.ORIGIN_FOREIGN, detail)
        return None

    def _ours(self, host: str, scope: Scope) -> bool:
        """Whether `host` is where we listen, a configured name, loopback, or what was connected to.

        An address cannot be rebound; a name can, so names have to be configured.
        """
        authority = split_authority(host, _DEFAULT_PORT)
        if authority is None:
            return False
        name, port = authority
        address = _address(name)
        return (
            authority in self._authorities
            or name == "localhost"
            or (address is not None and address.is_loopback)
            or (address is not None and (name, port) == scope.get("server"))
        )


class Authentication:
    """ASGI middleware that lets reviewers in and notes who it was."""

    def __init__(self, app: ASGIApp, *, people: Directory) -> None:
        self._app = app
        self._people = people

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a reviewer's request on; anyone else hears what is missing."""
        sender = self._recognize(_values(scope, b"authorization"))
        if sender is None:
            await _unauthenticated().response()(scope, receive, send)
        else:
            await self._app({**scope, _REVIEWER: sender}, receive, send)

    def _recognize(self, values: list[str]) -> Reviewer | None:
        if not values:
            return self._people.everyone
        token = _BEARER.fullmatch(values[0].encode("latin-1")) if len(values) == 1 else None
        if token is None:
            return None
        return self._people.of_token(token[1]) or self._people.of_api_token(token[1])


def reviewer(request: Request) -> Reviewer:
    """Who sent this request."""
    sender: Reviewer = request.scope[_REVIEWER]
    return sender


def _unauthenticated() -> Problem:
    return Problem(
        401,
        Obstacle.UNAUTHENTICATED,
        "this needs a reviewer's token: send `Authorization: Bearer TOKEN`",
        headers={"WWW-Authenticate": 'Bearer realm="sidegate"'},
    )


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
