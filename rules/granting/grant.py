"""A grant: how many calls of one kind a lead lets run until when, as one statement to be signed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import rfc8785

from rules.authority import Matter
from rules.granting.likeness import Likeness
from rules.hold import Hold
from rules.review.money import Money

USUAL_COUNT = 10
MOST_COUNT = 100
USUAL_TIME = timedelta(hours=1)
LONGEST = timedelta(hours=24)
"""No grant lasts longer, whatever is configured."""
SHORTEST = timedelta(minutes=1)

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGrant:
    """Who lets which calls run. Times are aware; in the statement they are milliseconds."""

    grant_id: str
    who: str
    reason: str
    hold_id: str
    """The hold that was looked at: all others are like it."""
    likeness: Likeness
    money: Money | None
    """What that one moves: no other may move more."""
    at: datetime
    """By the store's clock, which also times holds."""
    until: datetime
    count: int

    def __post_init__(self) -> None:
        # The statement has whole milliseconds: what was signed is what is read again.
        object.__setattr__(self, "at", _EPOCH + (self.at - _EPOCH) // _MILLISECOND * _MILLISECOND)
        object.__setattr__(self, "until", _EPOCH + (self.until - _EPOCH) // _MILLISECOND * _MILLISECOND)
        if not 1 <= self.count <= MOST_COUNT:
            raise ValueError(f"a grant is for 1 to {MOST_COUNT} calls")
        if not SHORTEST <= self.until - self.at <= LONGEST:
            raise ValueError("a grant lasts from one minute to 24 hours")

    def statement(self) -> bytes:
        """The bytes that are signed (RFC 8785)."""
        alike = self.likeness
        members: dict[str, Any] = {
            "version": 1,
            "grant_id": self.grant_id,
            "who": self.who,
            "reason": self.reason,
            "hold_id": self.hold_id,
            "agent": list(alike.agent),
            "rule": alike.rule,
            "policy": alike.policy,
            "place": alike.place,
            "shape": alike.shape,
            "names": list(alike.names),
            "money": None if self.money is None else [f"{self.money.amount:f}", self.money.currency],
            "at": (self.at - _EPOCH) // _MILLISECOND,
            "until": (self.until - _EPOCH) // _MILLISECOND,
            "count": self.count,
        }
        return rfc8785.dumps(members)


def stated(members: dict[str, Any]) -> CallGrant:
    """The grant whose statement has these members. Raises ValueError where it is none."""
    try:
        if members.pop("version") != 1:
            raise ValueError("the grant was written by another version")
        agent, names = tuple(members.pop("agent")), tuple(members.pop("names"))
        alike = {name: members.pop(name) for name in ("rule", "policy", "place", "shape")}
        times = {name: _EPOCH + members.pop(name) * _MILLISECOND for name in ("at", "until")}
        money = members.pop("money")
        return CallGrant(
            likeness=Likeness(agent=agent, names=names, **alike),
            money=None if money is None else Money(amount=Decimal(money[0]), currency=money[1]),
            **times,
            **members,
        )
    except (KeyError, TypeError, AttributeError, OverflowError, ArithmeticError) as error:
        raise ValueError("the grant has other members than a grant") from error


def lapse(grant: CallGrant, *, now: datetime) -> str | None:
    """Why it counts no more, or not yet, by the clock."""
    if grant.until <= now:
        return "its time is over"
    return "it lies in the future: the clocks are apart" if grant.at > now + _SKEW else None


def objection(grant: CallGrant, hold: Hold, alike: Likeness | str, *, now: datetime) -> str | None:
    """What speaks against letting `hold` run by `grant`, but for who spent it, or None."""
    if isinstance(alike, str):
        return f"it {alike}"
    if hold.created_at <= grant.at or hold.hold_id == grant.hold_id:
        return "it was there before the grant: a person decides about it"
    if not grant.likeness.covers(alike):
        return "the grant is for other calls"
    return lapse(grant, now=now)


def beyond(grant: CallGrant, matter: Matter) -> str | None:
    """Why what a call moves is more than `grant` lets it, or None."""
    if matter.money is None and not matter.moves_money:
        return None
    sure, most = matter.money, grant.money
    if sure is None or most is None or sure.currency != most.currency:
        return "it moves money, and not surely at most as much as the grant's own call"
    return "it moves more than the grant's own call" if abs(sure.amount) > abs(most.amount) else None
