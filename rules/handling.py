"""What a rule asks for around a held call: what is read before it, how its outcome is found, who decides."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rules.matching.condition import Condition
from rules.matching.reading import Gap, Steps
from rules.matching.truth import Truth
from rules.request.strict_json import Json


class Handoff(StrEnum):
    """How the agent gets the outcome of a held call."""

    SYNC = "sync"
    """It waits on its connection, and is refused with the hold's id when the wait is over."""
    ASYNC = "async"
    """It is told 202 with the hold's id at once."""


class Mismatch(StrEnum):
    """What an upstream does with a known idempotency key and another request."""

    ERROR = "error"
    """It refuses."""
    CACHED = "cached"
    """It answers what it answered to the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A read of the call's host that shows what the call would change."""

    path: str
    """Path and query with `{names}` of path parts, or dotted paths in the body."""
    fields: tuple[Steps, ...] = ()
    """What of its JSON answer counts; nothing: all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An answer to a probe: one of `statuses` whose JSON fulfils all `conditions`."""

    statuses: frozenset[int]
    conditions: tuple[Condition, ...] = ()

    def fits(self, status: int, body: Json | Gap) -> bool:
        """Whether an answer definitely is this one. `body`: its JSON, UNREADABLE where it is none."""
        if status not in self.statuses or (self.conditions and isinstance(body, Gap)):
            return False
        return isinstance(body, Gap) or all(c.holds_in(body) is Truth.TRUE for c in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """A read of the call's host that tells whether the call ran. Any other answer tells nothing."""

    path: str
    executed: Outcome
    not_executed: Outcome | None = None

    def tells(self, status: int, body: Json | Gap) -> bool | None:
        """Whether the call ran, by the answer to the probe; None: the answer does not tell."""
        ran = self.executed.fits(status, body)
        did_not = self.not_executed is not None and self.not_executed.fits(status, body)
        return None if ran is did_not else ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """The upstream's promise to run requests with one key once."""

    header: str
    window: int
    """Seconds for which it knows a key."""
    mismatch: Mismatch = Mismatch.ERROR
    scope: str = "account"
    """Within what keys are unique, in the vendor's word: for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """How many different people must approve, and of which groups there must be one each."""

    count: int = 1
    groups: tuple[str, ...] = ()


_EXPIRES = "it expires: it does not run, nobody has refused it, and the same request opens a new hold"


class OnTimeout(StrEnum):
    """What happens to a hold that nobody has decided within its window."""

    DENY = "deny"
    """It expires, and nobody has refused it."""
    KEEP_WAITING = "keep_waiting"
    """It waits for further windows."""
    ESCALATE = "escalate"
    """It waits for one window more for each of some groups, which are asked in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """What happens then. `groups`: who is asked in turn; `windows`: how many it waits for in all."""

    do: OnTimeout = OnTimeout.DENY
    groups: tuple[str, ...] = ()
    windows: int = 3

    def rung(self, number: int) -> str | None:
        """Who is asked after `number` further windows, empty for nobody new; None: it expires."""
        match self.do:
            case OnTimeout.KEEP_WAITING:
                return "" if number + 1 < self.windows else None
            case OnTimeout.ESCALATE:
                return self.groups[number] if number < len(self.groups) else None
            case _:
                return None

    def words(self, number: int) -> str:
        """The same for people, continuing "if nobody decides"."""
        group = self.rung(number)
        if group is None:
            return _EXPIRES
        if group:
            return f"somebody of `{group}` is asked, and has as long again"
        left = self.windows - number - 1
        return f"it waits for as long again, {'once' if left == 1 else f'{left} times'} more, then it expires"


EXPIRES = Unanswered()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How a rule's held calls are handled. Nothing of it moves a tier."""

    snapshot: Snapshot | None = None
    verify: Verify | None = None
    idempotency: Idempotency | None = None
    credential: str | None = None
    """Name of a configured credential, in place of the one for the host."""
    handoff: Handoff = Handoff.SYNC
    quorum: Quorum | None = None
    window: int | None = None
    """Seconds in which people may decide, in place of the configured ones."""
    on_timeout: Unanswered | None = None
    """What happens when nobody did, in place of what is configured."""

    @property
    def time_to_decide(self) -> timedelta | None:
        """The same as a duration."""
        return None if self.window is None else timedelta(seconds=self.window)


USUAL = Handling()
