"""What an agent asked for before: a bounded memory, in which names of things are keyed digests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from rules.call import Call, HttpCall
from rules.general.names.places import is_id
from rules.review.money import Money
from rules.verdict import Tier, Verdict

MOST_KEPT = 100
"""Calls of one agent that are remembered."""
LONGEST = 160
"""Characters of a call's words that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One call that was judged. `shape`, `party` and `session`: keyed digests, empty where there is none."""

    at: datetime
    tier: Tier
    verdict: Verdict
    words: str
    shape: str = ""
    party: str = ""
    session: str = ""
    money: Money | None = None
    hold_id: str = ""
    outcome: str = ""
    """How its hold stands, where it has one that is still kept."""
    ran: bool = False
    """Whether it went upstream, or may have."""


def shape_of(call: Call, rule_id: str | None) -> str:
    """What calls have in common that differ in their things alone."""
    if isinstance(call, HttpCall):
        path = "/".join("*" if is_id(segment) else segment for segment in call.segments)
        return f"{rule_id or ''} {call.method} {call.host}/{path}"
    return f"{rule_id or ''} {call.server} {call.tool}"


def similar(past: Iterable[Past], shape: str, *, most: int) -> list[Past]:
    """The newest calls of that shape that were held, of any session."""
    return [one for one in past if one.shape == shape and one.hold_id][:most]


def last(past: Iterable[Past], session: str, *, most: int) -> list[Past]:
    """The newest calls of the session."""
    return [one for one in past if one.session == session][:most]


def spent(past: Sequence[Past], own: Money, *, since: datetime) -> Money | None:
    """What went upstream since then in the currency of `own`, and `own` on top; at least that much."""
    sums = [
        one.money.amount
        for one in past
        if one.ran and one.at >= since and one.money is not None and one.money.currency == own.currency
    ]
    return replace(own, amount=sum(sums, Decimal(own.amount))) if own.currency else None


DAY = timedelta(days=1)
