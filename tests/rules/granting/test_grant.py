"""Grants: what is signed says everything, and nothing beyond its bounds is one."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from rules.authority import Matter
from rules.granting.grant import LONGEST, MOST_COUNT, CallGrant, beyond, lapse, objection, stated
from rules.granting.likeness import Likeness
from rules.review.money import Money
from rules.verdict import Tier
from tests.rules.granting.test_likeness import HOLD, like
from tests.rules.test_decision import NOW

ALIKE = like()
assert isinstance(ALIKE, Likeness)
GRANT = CallGrant(
    grant_id="01G",
    who="Zoë",
    reason="a campaign",
    hold_id="01H",
    likeness=ALIKE,
    money=Money(amount=Decimal("12.50"), currency="EUR"),
    at=NOW - timedelta(minutes=1),
    until=NOW + timedelta(minutes=59),
    count=10,
)


def test_a_grant_is_read_as_it_was_stated() -> None:
    """Every member, times to the millisecond; without money as well."""
    for one in (GRANT, replace(GRANT, money=None), replace(GRANT, at=NOW + timedelta(microseconds=7))):
        assert stated(json.loads(one.statement())) == one


MEMBERS: dict[str, Any] = {
    "version": 2,
    "count": 0,
    "until": 1,
    "agent": 1,
    "names": None,
    "money": ["x", "EUR"],
    "at": "now",
}


@pytest.mark.parametrize(("name", "value"), MEMBERS.items(), ids=MEMBERS)
def test_what_is_none(name: str, value: object) -> None:
    """Whatever was signed, of another kind it is nothing."""
    members = json.loads(GRANT.statement()) | {name: value}
    with pytest.raises(ValueError, match="grant"):
        stated(members)
    with pytest.raises(ValueError, match="other members"):
        stated(
            {n: v for n, v in json.loads(GRANT.statement()).items() if n != name or n == "version"} | {"x": 1}
        )


@pytest.mark.parametrize(
    "changes",
    [{"count": 0}, {"count": MOST_COUNT + 1}, {"until": NOW + LONGEST}, {"until": NOW - timedelta(hours=1)}],
    ids=["no call", "too many", "too long", "over before it begins"],
)
def test_bounds(changes: dict[str, Any]) -> None:
    """There is none beyond them."""
    with pytest.raises(ValueError, match="grant"):
        replace(GRANT, **changes)


def test_a_call_that_it_covers() -> None:
    """Nothing speaks against it."""
    assert objection(GRANT, HOLD, ALIKE, now=NOW) is None


def test_what_speaks_against_one() -> None:
    """A person has to decide about it."""
    assert objection(GRANT, HOLD, "is of tier 4", now=NOW) == "it is of tier 4"
    before = replace(HOLD, created_at=GRANT.at)
    assert "before the grant" in (objection(GRANT, before, ALIKE, now=NOW) or "")
    own = replace(HOLD, hold_id=GRANT.hold_id)
    assert "before the grant" in (objection(GRANT, own, ALIKE, now=NOW) or "")
    other = replace(GRANT, likeness=replace(GRANT.likeness, shape="x"))
    assert objection(other, HOLD, ALIKE, now=NOW) == "the grant is for other calls"


def test_its_time() -> None:
    """Over at its end, and not begun by a clock that is far ahead."""
    assert lapse(GRANT, now=GRANT.until) == "its time is over"
    assert lapse(GRANT, now=GRANT.until - timedelta(seconds=1)) is None
    assert lapse(GRANT, now=GRANT.at - timedelta(minutes=2)) is not None


def _moving(amount: str | None, currency: str = "EUR", *, moves: bool = True) -> Matter:
    money = None if amount is None else Money(amount=Decimal(amount), currency=currency)
    return Matter(hold_id="01J", digest="d", tier=Tier.EXTERNAL, host="h", money=money, moves_money=moves)


SUMS: dict[str, tuple[Matter, bool]] = {
    "none": (_moving(None, moves=False), True),
    "as much": (_moving("12.5"), True),
    "less": (_moving("1"), True),
    "more": (_moving("12.51"), False),
    "more, taken back": (_moving("-13"), False),
    "another currency": (_moving("1", "USD"), False),
    "not certain": (_moving(None), False),
}


@pytest.mark.parametrize(("matter", "fits"), SUMS.values(), ids=SUMS)
def test_money(matter: Matter, fits: bool) -> None:
    """At most what the one that was looked at moves."""
    assert (beyond(GRANT, matter) is None) is fits


def test_a_grant_that_saw_no_money_lets_none_move() -> None:
    """However little."""
    assert beyond(replace(GRANT, money=None), _moving("0.01")) is not None
