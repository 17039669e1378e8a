"""In and out: a token or a password opens a session, whose cookie opens pages and never the API."""

import asyncio
import logging
import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from proxy.console.pages.form import read_form
from proxy.console.pages.shell import Shell, Visit, finished, own_path
from proxy.console.people.attempts import Attempts
from proxy.console.people.elsewhere.provider import ProviderFault
from proxy.console.people.sessions import Origin
from proxy.console.problem import Obstacle, Problem
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")
_LONGEST = 256
# Each takes 64 MiB while it lasts.
_AT_ONCE = 2
_AGENT_LENGTH = 100


class Login:
    """The routes that start and end sessions."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._people = shell.reviewing.people
        self._addresses = Attempts(shell.reviewing.now)
        self._accounts = Attempts(shell.reviewing.now)
        self._hashing = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, request: Request) -> Response:
        """The forms for a token and for a name with its password, and the way to the provider."""
        if self._shell.session(request, touch=False) is not None:
            return finished(RedirectResponse("/holds", status_code=303))
        path = own_path(request.query_params.get("next", "/holds"))
        everyone = self._people.everyone
        if everyone is None:
            return self._asked(path)
        response = finished(RedirectResponse(path, status_code=303))
        return self._shell.open(request, response, everyone, origin=Origin(way="demo"), secure=False)

    async def enter(self, request: Request) -> Response:
        """Start a session for whoever has a reviewer's token, or a name and its password."""
        return await self._shell.guarded(request, lambda: self._entered(request), session=None)

    async def leave(self, visit: Visit) -> Response:
        """End the session."""
        logger.info("console.logged_out reviewer=%s", visit.who.name)
        response = await self._goodbye(visit.session.origin.hint)
        return self._shell.close(visit.request, response)

    async def _entered(self, request: Request) -> Response:
        address = address_of(request)
        check_attempts(self._addresses, address, what="from this address")
        form = await read_form(request, names=["token", "name", "password", "next"])
        path, way = own_path(form.get("next", "/holds")), "password" if "name" in form else "token"
        # Counted before it is looked at: while one is being looked at, others arrive.
        self._addresses.fail(address)
        if way == "token":
            who = self._of_token(form.get("token", "").strip())
        else:
            who = await self._of_password(form["name"].strip(), form.get("password", ""))
        if who is None:
            logger.warning("console.login_failed way=%s address=%s", way, address)
            return self._asked(path, wrong=way)
        self._addresses.succeed(address)
        logger.info("console.logged_in reviewer=%s way=%s", who.name, way)
        response = RedirectResponse(path, status_code=303)
        # Whether a proxy before us speaks TLS, only the browser knows.
        secure = request.headers.get("origin", "").startswith("https:")
        origin = Origin(way=way, address=address, agent=agent_of(request))
        return self._shell.open(request, response, who, origin=origin, secure=secure)

    async def _goodbye(self, hint: str) -> Response:
        """To the login, or for whoever came from a provider to the end of that session as well."""
        provider = self._shell.reviewing.provider
        try:
            there = await provider.logout(hint) if provider and hint else None
        except ProviderFault as fault:
            logger.warning("console.provider_unusable why=%s", fault)
            there = None
        if provider is None or there is None:
            return RedirectResponse("/login", status_code=303)
        return self._shell.show("goodbye.html", None, {"there": there, "provider": provider.entry.name})

    def _of_token(self, token: str) -> Reviewer | None:
        return self._people.of_token(token.encode()) if _TOKEN.fullmatch(token) else None

    async def _of_password(self, name: str, password: str) -> Reviewer | None:
        account = name.casefold()[:_LONGEST]
        check_attempts(self._accounts, account, what="for this name")
        self._accounts.fail(account)
        async with self._hashing:
            who = await asyncio.to_thread(self._people.of_password, name[:_LONGEST], password)
        if who is not None:
            self._accounts.succeed(account)
        return who

    def _asked(self, path: str, *, wrong: str = "") -> Response:
        provider = self._people.entry.oidc
        members = {"next": path, "wrong": wrong, "provider": provider.name if provider else None}
        return self._shell.show("login.html", None, members, status=401 if wrong else 200)


def check_attempts(attempts: Attempts, key: str, *, what: str) -> None:
    """Refuse to look at another attempt where too many have failed. Raises Problem."""
    locked = attempts.locked(key)
    if locked is not None:
        seconds = int(locked.total_seconds()) + 1
        detail = f"too many attempts {what} have failed: try again in {seconds} seconds"
        raise Problem(429, Obstacle.LOCKED_OUT, detail, headers={"Retry-After": str(seconds)})


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "?"


def agent_of(request: Request) -> str:
    """What a browser calls itself, for its owner to recognize it."""
    return request.headers.get("user-agent", "")[:_AGENT_LENGTH]
