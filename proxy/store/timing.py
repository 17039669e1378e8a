"""The clocks that each event of a hold starts or must not have missed, and the cap on new holds in a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.hold import Event, Hold
from rules.verdict import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """How many new holds one agent may open within a time, and how long it may open none after more."""

    most: int = 20
    within: timedelta = timedelta(minutes=1)
    quarantine: timedelta = timedelta(minutes=5)

    def limits(self) -> dict[str, int]:
        """The cap in the words of the store's script."""
        return {"most": self.most, "within": _ms(self.within), "quarantine": _ms(self.quarantine)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How long what an event of one hold starts may take."""

    lease: timedelta
    validity: timedelta
    contents: timedelta
    grace: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """How long things may take; each is a clock of its own."""

    decision_window: timedelta = timedelta(minutes=30)
    approval_validity: Mapping[Tier, timedelta]
    lease: timedelta = timedelta(seconds=3)
    retention: timedelta = timedelta(days=7)
    contents: timedelta = timedelta(days=7)
    grace: Mapping[Tier, timedelta] = field(default_factory=dict)
    """For how long an approval of a tier can be taken back before it runs."""
    remind: timedelta = timedelta(0)
    """How long before the end of a decision window people are reminded; none: never."""

    def window(self, length: timedelta) -> dict[str, int]:
        """The times of a decision window of that length, in the words of the store's script."""
        reminded = {"remind_at": _ms(length - self.remind)} if timedelta(0) < self.remind < length else {}
        return {"decide_by": _ms(length), **reminded}

    def spans(self, tier: Tier) -> Spans:
        """Those of one hold. Of a tampered tier there is no validity, and rejecting it must stay possible."""
        nothing = timedelta(0)
        return Spans(
            lease=self.lease,
            validity=self.approval_validity.get(tier, nothing),
            contents=self.contents,
            grace=self.grace.get(tier, nothing),
        )


# What leaves a hold waiting, or has it wait again: its reminder comes before the end of its window.
_WAITING: dict[Event, dict[str, Any]] = {
    Event.VOTE: {"sooner": "remind_at", "alive": ["decide_by"]},
    Event.RECANT: {"sooner": "remind_at", "alive": ["decide_by"]},
    Event.UNDO: {"sooner": "remind_at", "alive": ["grace_until"]},
    Event.REMIND: {"alive": ["decide_by"]},
    Event.PROLONG: {"sooner": "remind_at"},
}


def grace_left(hold: Hold, *, now: datetime | None = None) -> float:
    """Seconds for which an approval of `hold` can still be taken back, by this machine's clock."""
    if hold.grace_until is None:
        return 0.0
    return max(0.0, (hold.grace_until - (now or datetime.now(UTC))).total_seconds())


def timing_of(event: Event, spans: Spans) -> dict[str, Any]:
    """What the store is asked about time for `event`, in the words of its script."""
    if event in _WAITING:
        return {"deadline": "decide_by", **_WAITING[event]}
    leased: dict[str, Any] = {
        "times": {"lease_until": _ms(spans.lease)},
        "deadline": "lease_until",
        "unkilled": True,
    }
    run_by = {"run_by": _ms(spans.validity)}
    match event:
        case Event.APPROVE:
            grace = {"grace_until": _ms(spans.grace)} if spans.grace else {}
            return {"times": run_by | grace, "deadline": "run_by", "alive": ["decide_by"]}
        case Event.RETRY:
            return {"times": run_by, "deadline": "run_by"}
        case Event.CLAIM:
            return leased | {"bump": True, "alive": ["run_by"], "past": ["grace_until"]}
        case Event.SEND:
            return leased
        case Event.RESEND:
            return leased | {"bump": True, "alive": ["run_by", "resend_by"]}
        case Event.REVIVE:
            return {"deadline": "run_by", "alive": ["run_by"]}
        case Event.RELEASE | Event.WITHDRAW:
            return {"deadline": "run_by"}
        case _:  # it has ended, or its outcome is unknown
            return {"times": {"shred_at": _ms(spans.contents)}, "deadline": "shred_at"}


def _ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
