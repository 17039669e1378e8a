"""What comes when nobody has decided in time: the end, more time, or other people."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from rules.handling import EXPIRES, Handling, Unanswered
from rules.hold import Hold


def _usual(_rule: str | None) -> Handling:
    return Handling()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """`handling`: what the rules of now say of a hold's rule; `usual`: what holds where they say nothing."""

    handling: Callable[[str | None], Handling] = _usual
    usual: Unanswered = EXPIRES

    def of(self, hold: Hold) -> Unanswered:
        """What happens to `hold` where nobody decides."""
        return self.handling(hold.rule).on_timeout or self.usual

    def next(self, hold: Hold) -> str | None:
        """The group that is asked next, empty for nobody new; None where its time is over."""
        return self.of(hold).rung(hold.rung)

    def window(self, hold: Hold) -> timedelta | None:
        """How long people have for it then, where that is not as usual."""
        return self.handling(hold.rule).time_to_decide

    def words(self, hold: Hold) -> str:
        """What happens where nobody decides, for people."""
        return self.of(hold).words(hold.rung)
