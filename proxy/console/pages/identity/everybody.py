"""Everybody who may come in, for admins: what they may do, and taking factors and sessions from them."""

import logging

from starlette.responses import RedirectResponse, Response

from proxy.console.pages.shell import Shell, Visit
from proxy.console.people.asking import check
from proxy.console.problem import Obstacle, Problem
from rules.authority import Act

logger = logging.getLogger(__name__)


class Everybody:
    """The routes about other people."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._proving = shell.reviewing.proving

    async def show(self, visit: Visit) -> Response:
        """Everybody by name, with role, scope, ways to come in and factors."""
        check(visit.who, Act.USERS)
        found = [
            {
                "who": known.who,
                "ways": known.ways,
                "factors": self._proving.of(known.who.name),
                "sessions": len(self._shell.sessions.of(known.who.name)),
            }
            for known in self._shell.reviewing.people.everybody()
        ]
        return self._shell.show("people.html", visit.session, {"people": found})

    async def recover(self, visit: Visit) -> Response:
        """Take somebody's second factors and sessions away: the person logs in and sets up others."""
        name = self._other(visit)
        self._proving.remove(name, by=visit.who.name)
        self._shell.sessions.end_all(name)
        return RedirectResponse("/people", status_code=303)

    async def log_out(self, visit: Visit) -> Response:
        """Log somebody out everywhere."""
        name = self._other(visit)
        ended = self._shell.sessions.end_all(name)
        logger.warning("console.logged_out_by reviewer=%s by=%s sessions=%d", name, visit.who.name, ended)
        return RedirectResponse("/people", status_code=303)

    def _other(self, visit: Visit) -> str:
        """Whom the form names. Raises Problem."""
        check(visit.who, Act.USERS)
        name = visit.form.get("name", "")
        if name == visit.who.name:
            detail = "this is for other people: whoever has your session must not take your factors away"
            raise Problem(403, Obstacle.ROLE, detail)
        known = {one.who.name for one in self._shell.reviewing.people.everybody()}
        if name not in known and not self._shell.sessions.of(name) and not self._proving.of(name).any:
            raise Problem(404, Obstacle.NOT_FOUND, f"there is nobody called `{name[:64]}`")
        return name
