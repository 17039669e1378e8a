"""The clocks that each event of a hold starts or must not have missed, and the cap on new holds in a time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rules.hold import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """How many new holds one agent may open within a time, and how long it may open none after more."""

    most: int = 20
    within: timedelta = timedelta(minutes=1)
    quarantine: timedelta = timedelta(minutes=5)

    def limits(self) -> dict[str, int]:
        """The cap in the words of the store's script."""
        return {"most": self.most, "within": _ms(self.within), "quarantine": _ms(self.quarantine)}


def timing_of(event: Event, *, lease: timedelta, validity: timedelta, contents: timedelta) -> dict[str, Any]:
    """What the store is asked about time for `event`, in the words of its script."""
    leased = {"times": {"lease_until": _ms(lease)}, "deadline": "lease_until", "unkilled": True}
    approved = {"times": {"run_by": _ms(validity)}, "deadline": "run_by"}
    match event:
        case Event.APPROVE:
            return approved | {"alive": ["decide_by"]}
        case Event.RETRY:
            return approved
        case Event.CLAIM:
            return leased | {"bump": True, "alive": ["run_by"]}
        case Event.SEND:
            return leased
        case Event.RESEND:
            return leased | {"bump": True, "alive": ["run_by", "resend_by"]}
        case Event.REVIVE:
            return {"deadline": "run_by", "alive": ["run_by"]}
        case Event.RELEASE | Event.WITHDRAW:
            return {"deadline": "run_by"}
        case _:  # it has ended, or its outcome is unknown
            return {"times": {"shred_at": _ms(contents)}, "deadline": "shred_at"}


def _ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
