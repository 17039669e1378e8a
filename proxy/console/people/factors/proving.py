"""Whether a request shows a second factor: of this person, for this decision, and never shown before."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from proxy.console.people.attempts import Attempts
from proxy.console.people.factors.codes import step_of
from proxy.console.people.factors.kept import MOST_PASSKEYS, Factors, Kept, Passkey
from proxy.console.people.factors.passkeys import Place, Unproven, proven
from proxy.console.problem import Obstacle, Problem
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)

CHALLENGE_LASTS = timedelta(minutes=2)
"""For how long a device may take."""


class Proving:
    """The factors of everybody in one data folder, and how often somebody may try."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime]) -> None:
        self._kept = Kept(folder)
        self._now = now
        self._attempts = Attempts(now)

    def of(self, name: str) -> Factors:
        """Somebody's factors. Raises Problem where nobody knows."""
        try:
            return self._kept.of(name)
        except (ValueError, OSError) as error:
            raise _unknown(error) from error

    def by_code(self, who: Reviewer, code: str, *, about: str) -> Reviewer:
        """`who` with that decision proven. Raises Problem where the code is wrong or was used."""
        self.spend(who, code)
        return replace(who, proven=who.proven | {about})

    def spend(self, who: Reviewer, code: str) -> None:
        """Take a code, which nobody can use again. Raises Problem."""
        self._try(who)

        def used(before: Factors) -> Factors:
            step = None
            if before.secret is not None:
                step = step_of(before.secret, code.strip(), now=self._now(), used=before.used)
            if step is None:
                raise _refused("the code is wrong, or was used: wait for the next one")
            return before.model_copy(update={"used": step})

        self._change(who.name, used)
        self._attempts.succeed(who.name)

    def by_passkey(
        self, who: Reviewer, said: str, *, about: str, challenge: bytes | None, place: Place
    ) -> Reviewer:
        """`who` with that decision proven. Raises Problem where the device's answer does not fit."""
        self._try(who)
        if challenge is None:
            raise _refused("the passkey was not asked for this decision, or too long ago: use it again")

        def used(before: Factors) -> Factors:
            try:
                key = proven(place, said, challenge=challenge, known=before.passkeys)
            except Unproven as error:
                raise _refused(str(error)) from error
            keys = tuple(key if one.id == key.id else one for one in before.passkeys)
            return before.model_copy(update={"passkeys": keys})

        self._change(who.name, used)
        self._attempts.succeed(who.name)
        return replace(who, proven=who.proven | {about})

    def set_code(self, who: Reviewer, secret: str, code: str) -> None:
        """Have codes of `secret` from now on, of which the person's device shows one. Raises Problem."""
        self._try(who)

        def added(before: Factors) -> Factors:
            if before.secret is not None:
                raise _refused("there are codes already: remove them first")
            step = step_of(secret, code.strip(), now=self._now(), used=0)
            if step is None:
                raise _refused("the code is wrong: look at the clocks of both devices, and begin again")
            return before.model_copy(update={"secret": secret, "used": step})

        self._change(who.name, added)
        self._attempts.succeed(who.name)
        logger.warning("console.factor_added reviewer=%s kind=code", who.name)

    def add_passkey(self, who: Reviewer, key: Passkey) -> None:
        """One more passkey. Raises Problem."""

        def added(before: Factors) -> Factors:
            if len(before.passkeys) >= MOST_PASSKEYS or any(one.id == key.id for one in before.passkeys):
                raise _refused("it is there already, or there are too many: remove one first")
            return before.model_copy(update={"passkeys": (*before.passkeys, key)})

        self._change(who.name, added)
        logger.warning("console.factor_added reviewer=%s kind=passkey", who.name)

    def remove(self, name: str, *, by: str) -> None:
        """Take all of somebody's factors away. Raises Problem."""
        self._change(name, lambda _: Factors(name=name))
        logger.warning("console.factors_removed reviewer=%s by=%s", name, by)

    def _try(self, who: Reviewer) -> None:
        """Count an attempt before it is looked at. Raises Problem where too many have failed."""
        locked = self._attempts.locked(who.name)
        if locked is not None:
            seconds = str(int(locked.total_seconds()) + 1)
            detail = f"too many second factors have been wrong: try again in {seconds} seconds"
            raise Problem(429, Obstacle.LOCKED_OUT, detail, headers={"Retry-After": seconds})
        self._attempts.fail(who.name)

    def _change(self, name: str, changed: Callable[[Factors], Factors]) -> None:
        try:
            self._kept.change(name, changed)
        except (ValueError, OSError) as error:
            raise _unknown(error) from error


def _refused(why: str) -> Problem:
    detail = f"no second factor was shown: {why}; nothing was changed"
    return Problem(403, Obstacle.STEP_UP, detail, members={"why": "step_up"})


def _unknown(error: Exception) -> Problem:
    logger.error("people.unreadable why=%s", error)
    detail = "nobody knows the second factors now, the log has why: nothing was changed"
    return Problem(503, Obstacle.STEP_UP, detail)
