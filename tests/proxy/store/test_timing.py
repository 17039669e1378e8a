"""The clocks of every event."""

from dataclasses import replace
from datetime import timedelta

import pytest

from proxy.store.timing import Spans, timing_of
from rules.hold import TRANSITIONS, Event, State

LEASE, VALIDITY = timedelta(seconds=3), timedelta(minutes=15)
SPANS = Spans(lease=LEASE, validity=VALIDITY, contents=timedelta(hours=2))


@pytest.mark.parametrize("event", list(Event), ids=str)
def test_every_state_has_a_deadline(event: Event) -> None:
    """Whatever leads to a state that waits, names the clock that ends it; an end, that of contents."""
    waiting = {
        State.PENDING: "decide_by",
        State.APPROVED: "run_by",
        State.CLAIMED: "lease_until",
        State.SENDING: "lease_until",
    }
    timing = timing_of(event, SPANS)
    [target] = {row[event] for row in TRANSITIONS.values() if event in row}
    assert timing.get("deadline") == waiting.get(target, "shred_at")


@pytest.mark.parametrize("event", [Event.CLAIM, Event.SEND, Event.RESEND], ids=str)
def test_what_leads_to_a_sending(event: Event) -> None:
    """It is stopped by the kill switch and takes a lease."""
    timing = timing_of(event, SPANS)
    assert timing["unkilled"]
    assert timing["times"] == {"lease_until": 3000}


def test_an_approval_and_its_renewal() -> None:
    """Both start the same clock; only the first one has to come in time."""
    approve, retry = (timing_of(e, SPANS) for e in (Event.APPROVE, Event.RETRY))
    assert approve["times"] == retry["times"] == {"run_by": 900_000}
    assert (approve["alive"], "alive" in retry) == (["decide_by"], False)


def test_grace() -> None:
    """An approval can be taken back until it is over, and is not claimed before; without any, neither."""
    graced = timing_of(Event.APPROVE, replace(SPANS, grace=timedelta(seconds=5)))
    assert graced["times"] == {"run_by": 900_000, "grace_until": 5000}
    assert timing_of(Event.UNDO, SPANS)["alive"] == ["grace_until"]
    assert timing_of(Event.CLAIM, SPANS)["past"] == ["grace_until"]
