"""One's own account: where one is logged in, and second factors."""

import re
from datetime import timedelta
from typing import Any

from starlette.responses import RedirectResponse, Response

from proxy.console.pages.shell import Shell, Visit
from proxy.console.people.factors.codes import address_of, secret_of
from proxy.console.people.factors.passkeys import Unproven, registered, to_prove, to_register
from proxy.console.people.factors.proving import CHALLENGE_LASTS
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reading.holds import find_hold
from rules.authority import Act, about

FRESH = timedelta(minutes=15)
"""How new a login has to be for a second factor to be set up in it."""
_CODE, _PASSKEY = "a new code", "a new passkey"
_LABEL = re.compile(r"[^\x00-\x1f\x7f]{1,40}")


class Account:
    """The routes about oneself."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._proving = shell.reviewing.proving
        self._now = shell.reviewing.now

    async def show(self, visit: Visit) -> Response:
        """Role, scope, sessions and factors."""
        return self._page(visit)

    async def end(self, visit: Visit) -> Response:
        """Log out in one other place, or in all of them."""
        label = visit.form.get("session") or None
        self._shell.sessions.end_all(visit.who.name, but=visit.session, label=label)
        return _back()

    async def begin_code(self, visit: Visit) -> Response:
        """Show a secret for the person's device, which counts once a code of it comes back."""
        self._check_fresh(visit)
        if self._proving.of(visit.who.name).secret is not None:
            raise Problem(409, Obstacle.STEP_UP, "there are codes already: remove them first")
        secret = secret_of(visit.session.challenge(_CODE, until=self._now() + FRESH))
        place = visit.request.url.hostname or "console"
        return self._page(visit, secret=secret, address=address_of(secret, name=visit.who.name, place=place))

    async def set_code(self, visit: Visit) -> Response:
        """Have codes from now on."""
        self._check_fresh(visit)
        random = visit.session.challenged(_CODE, now=self._now())
        if random is None:
            raise Problem(409, Obstacle.STEP_UP, "no secret was shown, or too long ago: begin again")
        self._proving.set_code(visit.who, secret_of(random), visit.form.get("code", ""))
        return _back()

    async def offer_passkey(self, visit: Visit) -> Response:
        """What the browser is asked for a new passkey."""
        self._check_fresh(visit)
        place = self._shell.place(visit)
        if not place.able:
            detail = "browsers have passkeys under a name and over TLS, or at `localhost`: go there"
            raise Problem(409, Obstacle.STEP_UP, detail)
        challenge = visit.session.challenge(_PASSKEY, until=self._now() + CHALLENGE_LASTS)
        known = self._proving.of(visit.who.name).passkeys
        return answer(to_register(place, visit.who.name, challenge=challenge, known=known))

    async def add_passkey(self, visit: Visit) -> Response:
        """Take the passkey that the device has made; whoever has codes shows one."""
        self._check_fresh(visit)
        label = visit.form.get("label", "").strip() or "passkey"
        if not _LABEL.fullmatch(label):
            raise Problem(400, Obstacle.BODY_INVALID, "a passkey's name is one line of up to 40 characters")
        if self._proving.of(visit.who.name).secret is not None:
            self._proving.spend(visit.who, visit.form.get("code", ""))
        challenge = visit.session.challenged(_PASSKEY, now=self._now())
        try:
            if challenge is None:
                raise Unproven("it was not asked for, or too long ago: begin again")
            said, place = visit.form.get("passkey", ""), self._shell.place(visit)
            key = registered(place, said, challenge=challenge, label=label, now=self._now())
        except Unproven as error:
            raise Problem(403, Obstacle.STEP_UP, f"no passkey was added: {error}") from error
        self._proving.add_passkey(visit.who, key)
        return _back()

    async def remove(self, visit: Visit) -> Response:
        """Take one's own factors away, which takes a code: else an admin does it."""
        self._proving.spend(visit.who, visit.form.get("code", ""))
        self._proving.remove(visit.who.name, by=visit.who.name)
        return _back()

    async def ask_passkey(self, visit: Visit) -> Response:
        """What the browser is asked for a proof for one decision."""
        reviewing = self._shell.reviewing
        hold = await find_hold(reviewing, visit.hold_id, who=visit.who, act=Act.VIEW)
        known = self._proving.of(visit.who.name).passkeys
        if not known:
            raise Problem(409, Obstacle.STEP_UP, "you have no passkey: add one to your account")
        until = self._now() + CHALLENGE_LASTS
        challenge = visit.session.challenge(about(hold.hold_id, hold.digest), until=until)
        return answer(to_prove(self._shell.place(visit), challenge=challenge, known=known))

    def _check_fresh(self, visit: Visit) -> None:
        if self._now() - visit.session.started >= FRESH:
            minutes = int(FRESH.total_seconds() // 60)
            detail = f"second factors are set up within {minutes} minutes of a login: log out and in again"
            raise Problem(403, Obstacle.STEP_UP, detail)

    def _page(self, visit: Visit, **more: Any) -> Response:
        members = {
            "sessions": self._shell.sessions.of(visit.who.name),
            "factors": self._proving.of(visit.who.name),
            "able": self._shell.place(visit).able,
            "fresh": self._now() - visit.session.started < FRESH,
            "secret": None,
            "address": None,
            **more,
        }
        return self._shell.show("account.html", visit.session, members)


def _back() -> Response:
    return RedirectResponse("/account", status_code=303)
