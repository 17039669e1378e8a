"""Holds as hashes: what is written reads back, and what cannot be read says so and hides nothing else."""

import logging
from dataclasses import replace

import pytest

from proxy.store.record import HOLD_FIELDS, Unreadable, draft_fields, found_hold, read_hold, readable
from rules.hold import State
from tests.proxy.drafts import draft

STORED = {"state": b"pending", "created_at": b"1000", "decide_by": b"2000"}


def values(**changes: bytes | None) -> list[bytes | None]:
    """What Redis gives for the fields of a hold that was opened."""
    written: dict[str, bytes | None] = {**draft_fields(draft(hold_id="h")), **STORED, **changes}
    return [written.get(name) for name in HOLD_FIELDS]


def test_what_is_written_reads_back() -> None:
    """Every field of the draft but its sealed body."""
    made = draft(hold_id="h", reason="caf\u00e9 \u202e", rule=None)
    fields = {name: value.decode() for name, value in draft_fields(made).items() if name != "sealed"}
    hold = read_hold("h", fields | {name: value.decode() for name, value in STORED.items()})
    assert hold.state is State.PENDING
    assert (hold.digest, hold.fingerprint, hold.tier) == (made.digest, made.fingerprint, made.tier)
    assert (hold.rule, hold.reason, hold.policy, hold.attempts) == (None, made.reason, made.policy, 1)
    assert (hold.created_at.timestamp(), hold.decide_by.timestamp(), hold.run_by) == (1.0, 2.0, None)


def test_no_hold() -> None:
    """A hash that is gone has no fields."""
    assert found_hold("h", [None] * len(HOLD_FIELDS)) is None


@pytest.mark.parametrize(
    "spoilt",
    [
        {"state": b"hovering"},
        {"state": b"\xff"},
        {"tier": b"9"},
        {"tier": b""},
        {"fence": b"one"},
        {"created_at": b"never"},
        {"created_at": b"9" * 40},
        {"decide_by": None},
        {"reason_id": b"because"},
    ],
    ids=str,
)
def test_what_cannot_be_read(spoilt: dict[str, bytes | None], caplog: pytest.LogCaptureFixture) -> None:
    """It is an error that names the hold; in a list it is logged and the others are there."""
    with pytest.raises(Unreadable, match="`h`"):
        found_hold("h", values(**spoilt))
    with caplog.at_level(logging.ERROR):
        found = list(readable([("h", values(**spoilt)), ("i", values())]))
    assert [hold.hold_id for hold in found] == ["i"]
    assert "store.unreadable hold=h" in caplog.text


def test_a_draft_is_not_shared() -> None:
    """Two drafts differ where they must."""
    one, other = draft(), draft()
    assert draft_fields(one)["fingerprint"] != draft_fields(other)["fingerprint"]
    assert draft_fields(replace(one, sealed=b"x"))["sealed"] == b"x"
