"""In and out: a reviewer's token opens a session, whose cookie opens pages and never the API."""

import logging
import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from proxy.console.door import owner
from proxy.console.pages.attempts import Attempts
from proxy.console.pages.form import read_form
from proxy.console.pages.sessions import LIFE
from proxy.console.pages.shell import Shell, Visit, finished, own_path
from proxy.console.problem import Obstacle, Problem
from rules.audit.record import Kind
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")


class Login:
    """The routes that start and end sessions."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._attempts = Attempts(shell.reviewing.now)

    async def ask(self, request: Request) -> Response:
        """The form for the token."""
        if self._shell.session(request, touch=False) is not None:
            return finished(RedirectResponse("/holds", status_code=303))
        return self._asked(own_path(request.query_params.get("next", "/holds")))

    async def enter(self, request: Request) -> Response:
        """Start a session for whoever has a reviewer's token."""
        return await self._shell.guarded(request, lambda: self._entered(request), session=None)

    async def leave(self, visit: Visit) -> Response:
        """End the session."""
        self._shell.sessions.end(visit.request.cookies.get(self._shell.cookie, ""))
        self._shell.reviewing.note(Kind.LOGOUT, visit.session.reviewer.name)
        logger.info("console.logged_out reviewer=%s", visit.session.reviewer.name)
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(self._shell.cookie)
        return response

    async def _entered(self, request: Request) -> Response:
        address = request.client.host if request.client else "?"
        locked = self._attempts.locked(address)
        if locked is not None:
            seconds = int(locked.total_seconds()) + 1
            detail = f"too many wrong tokens from this address: try again in {seconds} seconds"
            raise Problem(429, Obstacle.UNAUTHENTICATED, detail)
        form = await read_form(request, names=["token", "next"])
        path, token = own_path(form.get("next", "/holds")), form.get("token", "").strip()
        name = owner(token.encode(), self._shell.reviewing.reviewers) if _TOKEN.fullmatch(token) else None
        if name is None:
            self._attempts.fail(address)
            self._shell.reviewing.note(Kind.LOGIN, "", ok=False, address=address)
            logger.warning("console.login_failed address=%s", address)
            return self._asked(path, wrong=True)
        self._attempts.succeed(address)
        self._shell.sessions.end(request.cookies.get(self._shell.cookie, ""))
        self._shell.reviewing.note(Kind.LOGIN, name, ok=True, address=address)
        logger.info("console.logged_in reviewer=%s", name)
        return self._welcomed(request, name, path)

    def _welcomed(self, request: Request, name: str, path: str) -> Response:
        response = RedirectResponse(path, status_code=303)
        response.set_cookie(
            self._shell.cookie,
            self._shell.sessions.start(Reviewer(name=name)),
            max_age=int(LIFE.total_seconds()),
            httponly=True,
            samesite="strict",
            # Whether a proxy before us speaks TLS, only the browser knows.
            secure=request.headers.get("origin", "").startswith("https:"),
        )
        return response

    def _asked(self, path: str, *, wrong: bool = False) -> Response:
        return self._shell.show(
            "login.html", None, {"next": path, "wrong": wrong}, status=401 if wrong else 200
        )
