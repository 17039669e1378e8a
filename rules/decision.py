"""What a reviewer decided, as one statement to be signed, and what speaks against acting on it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785

from rules.hold import Event, Hold

SIGNATURE = 128
"""Characters of the signature that stand before a stored statement."""

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
    groups: tuple[str, ...] = ()
    """Which groups of a quorum the person could speak for."""
    sends: tuple[str, ...] = ()
    """The attempts that were known when it was decided: the person answers for these and for no others."""
    grant: str = ""
    """The grant by which the person has decided it before it was there."""

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
        further: dict[str, Any] = {
            "sends": list(self.sends),
            "preview": self.preview,
            "groups": list(self.groups),
            "grant": self.grant,
        }
        return rfc8785.dumps(members | {name: value for name, value in further.items() if value})


def stated(members: dict[str, Any]) -> Decision:
    """The decision whose statement has these members. Raises ValueError where it is none."""
    try:
        if members.pop("version") != 1:
            raise ValueError("the decision was written by another version")
        times = {name: _EPOCH + members.pop(name) * _MILLISECOND for name in ("at", "until")}
        lists: dict[str, Any] = {name: tuple(members.pop(name, ())) for name in ("sends", "groups")}
        return Decision(event=Event(members.pop("event")), **lists, **times, **members)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError("the decision has other members than a decision") from error


def unsigned(stored: str) -> Decision:
    """What a stored decision says, whoever signed it: for showing alone. Raises ValueError."""
    members = json.loads(stored[SIGNATURE:])
    if not isinstance(members, dict):
        raise ValueError("the decision is none")
    return stated(members)


def objection(decision: Decision, hold: Hold, *, now: datetime) -> str | None:
    """What forbids to run the claimed `hold` on this decision, the last one, or None."""
    if decision.event not in APPROVING:
        return "the signed decision is no approval"
    if (decision.who, decision.reason) != (hold.decided_by, hold.decision_reason):
        return "the signed approval is another person's or has another reason"
    return _misfit(decision, hold, now) or _lapse(decision, now)


def vote_objection(vote: Decision, hold: Hold, *, decision: Decision, now: datetime) -> str | None:
    """What forbids to count `vote` beside the last decision on the claimed `hold`, or None.

    Where a person answers for sending it again, the others need not do so as well: they approved it in time.
    """
    if vote.event is not Event.APPROVE:
        return "a signed vote is no approval"
    lapse = None if decision.event is Event.RETRY else _lapse(vote, now)
    return _misfit(vote, hold, now) or lapse


def _misfit(decision: Decision, hold: Hold, now: datetime) -> str | None:
    about = (decision.hold_id, decision.digest, decision.policy)
    if about != (hold.hold_id, hold.digest, hold.policy) or decision.fence >= hold.fence:
        return "the signed approval is of another hold"
    if decision.at > now + SKEW:
        return "the signed approval lies in the future: the clocks of console and worker are apart"
    return None


def _lapse(decision: Decision, now: datetime) -> str | None:
    if decision.until < now - SKEW:
        return "the signed approval has lapsed, whatever the store says"
    return None
