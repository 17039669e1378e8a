"""What a reviewer decided, as one statement to be signed, and what speaks against acting on it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785

from rules.hold import Event, Hold

SKEW = timedelta(seconds=60)
"""How far the clocks of a console and a worker may be apart."""

APPROVING = frozenset({Event.APPROVE, Event.RETRY})
"""Decisions on which a hold may run."""

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who decided what about exactly one hold. Times are aware; in the statement they are milliseconds."""

    hold_id: str
    digest: str
    policy: str
    fence: int
    """The hold's when it was decided: every claim that may use an approval has a higher one."""
    event: Event
    who: str
    reason: str
    at: datetime
    until: datetime
    """Until when it may be acted on."""
    preview: str = ""
    """Hash of what the reviewer was shown, where that was named."""
    sends: tuple[str, ...] = ()
    """The attempts that were known when it was decided: the person answers for these and for no others."""

    def statement(self) -> bytes:
        """The bytes that are signed (RFC 8785)."""
        members: dict[str, Any] = {
            "version": 1,
            "hold_id": self.hold_id,
            "digest": self.digest,
            "policy": self.policy,
            "fence": self.fence,
            "event": str(self.event),
            "who": self.who,
            "reason": self.reason,
            "at": (self.at - _EPOCH) // _MILLISECOND,
            "until": (self.until - _EPOCH) // _MILLISECOND,
        }
        # Missing where there are none, as the decisions of earlier versions have it.
        further: dict[str, Any] = {"sends": list(self.sends), "preview": self.preview}
        return rfc8785.dumps(members | {name: value for name, value in further.items() if value})


def stated(members: dict[str, Any]) -> Decision:
    """The decision whose statement has these members. Raises ValueError where it is none."""
    try:
        if members.pop("version") != 1:
            raise ValueError("the decision was written by another version")
        times = {name: _EPOCH + members.pop(name) * _MILLISECOND for name in ("at", "until")}
        sends = tuple(members.pop("sends", ()))
        return Decision(event=Event(members.pop("event")), sends=sends, **times, **members)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError("the decision has other members than a decision") from error


def objection(decision: Decision, hold: Hold, *, now: datetime) -> str | None:
    """What forbids to run the claimed `hold` on this decision, or None."""
    about = (decision.hold_id, decision.digest, decision.policy)
    if decision.event not in APPROVING:
        return "the signed decision is no approval"
    if about != (hold.hold_id, hold.digest, hold.policy) or decision.fence >= hold.fence:
        return "the signed approval is of another hold"
    if (decision.who, decision.reason) != (hold.decided_by, hold.decision_reason):
        return "the signed approval is another person's or has another reason"
    if decision.at > now + SKEW:
        return "the signed approval lies in the future: the clocks of console and worker are apart"
    if decision.until < now - SKEW:
        return "the signed approval has lapsed, whatever the store says"
    return None
