"""The table of a hold's life, checked as a graph."""

from dataclasses import replace

import pytest

from rules.hold import (
    DISPOSITIONS,
    OPEN,
    REMEMBERED,
    TRANSITIONS,
    Disposition,
    Event,
    State,
    diagram,
    origins,
)
from tests.rules.holds import a_hold

_HOLD = a_hold()

_TERMINAL = {state for state, row in TRANSITIONS.items() if not row} | {State.OUTCOME_UNKNOWN}
_SENDABLE = {state for state, row in TRANSITIONS.items() if Event.SEND in row}


_SENDS_AGAIN = frozenset({Event.WITHDRAW, Event.RESEND, Event.REVIVE, Event.RETRY})


def _reachable(start: State, *, without: frozenset[Event] = frozenset()) -> set[State]:
    """Every state that any events but those lead to from `start`."""
    seen: set[State] = set()
    ahead = [start]
    while ahead:
        row = TRANSITIONS[ahead.pop()]
        following = {target for event, target in row.items() if event not in without} - seen
        seen |= following
        ahead += following
    return seen


def test_every_state_has_its_row() -> None:
    """The table is total: a state that is missing would raise where it should refuse."""
    assert set(TRANSITIONS) == set(State)


def test_every_event_can_happen() -> None:
    """An event in no row could only ever be an error."""
    assert {event for row in TRANSITIONS.values() for event in row} == set(Event)


def test_every_state_can_be_reached() -> None:
    """From the start, some events lead to every other state; only what is taken back waits once more."""
    assert _reachable(State.PENDING) == set(State)
    returning = frozenset({Event.UNDO, Event.VOTE, Event.RECANT, Event.REMIND, Event.PROLONG})
    assert _reachable(State.PENDING, without=returning) == set(State) - {State.PENDING}


def test_nothing_leaves_a_settled_state_but_an_unknown_outcome() -> None:
    """What has ended stays ended; only what nobody knows can still be found out, or be sent by its rules."""
    leaving = {state: set(TRANSITIONS[state]) for state in set(State) - OPEN if TRANSITIONS[state]}
    assert leaving == {
        State.OUTCOME_UNKNOWN: {Event.ANSWER, Event.ERROR, Event.CONFIRM, Event.REFUTE, *_SENDS_AGAIN}
    }


def test_what_may_have_been_sent_is_sent_again_in_four_ways_only() -> None:
    """Without them no path leads from SENDING to a state from which a worker may send."""
    after = _reachable(State.SENDING, without=_SENDS_AGAIN)
    assert origins(Event.UNDO) == (State.APPROVED,)
    assert {State.CLAIMED} == _SENDABLE
    assert not after & (_SENDABLE | OPEN)
    found = {State.EXECUTED, State.EXECUTION_ERROR, State.OUTCOME_UNKNOWN, State.NOT_EXECUTED}
    assert after == found | {State.DRIFT_REFUSED}


def test_a_repetition_is_never_taken_for_unsent() -> None:
    """It goes from the unknown to sending and back: in between, nothing can call it not executed."""
    assert origins(Event.RESEND) == (State.OUTCOME_UNKNOWN,)
    assert TRANSITIONS[State.OUTCOME_UNKNOWN][Event.RESEND] is State.SENDING


def test_nothing_is_sent_without_a_yes() -> None:
    """Every way from PENDING to SENDING leads through an approval and a claim."""
    assert TRANSITIONS[State.PENDING][Event.APPROVE] is State.APPROVED
    assert origins(Event.SEND) == (State.CLAIMED,)
    assert origins(Event.CLAIM) == (State.APPROVED,)
    assert {s for s, row in TRANSITIONS.items() if State.APPROVED in row.values()} == {
        State.PENDING,
        State.CLAIMED,
        State.SENDING,
        State.OUTCOME_UNKNOWN,
    }
    assert TRANSITIONS[State.CLAIMED][Event.RELEASE] is State.APPROVED


def test_a_refused_hold_was_never_sent() -> None:
    """No state that says "not executed" lies behind SENDING, but by the upstream's word or by a finding.

    A claim's check cannot end there either: whatever fails in the worker after the line is no refusal.
    """
    not_run = {s for s, d in DISPOSITIONS.items() if d is Disposition.DENIED_NOT_EXECUTED}
    found = {State.NOT_EXECUTED, State.DRIFT_REFUSED}
    assert not_run & _reachable(State.SENDING, without=_SENDS_AGAIN) == found
    assert origins(Event.REFUTE) == (State.OUTCOME_UNKNOWN,)
    assert origins(Event.MISMATCH) == (State.SENDING,)
    assert origins(Event.DRIFT) == (State.CLAIMED,)


@pytest.mark.parametrize("state", [State.PENDING, State.APPROVED, State.CLAIMED])
def test_the_kill_switch_and_the_clock_reach_everything_unsent(state: State) -> None:
    """Whatever has not left can still be stopped; after that, nothing pretends to stop it."""
    assert TRANSITIONS[state][Event.KILL] is State.KILLED
    assert TRANSITIONS[state][Event.EXPIRE] is State.EXPIRED
    assert TRANSITIONS[state][Event.CANCEL] is State.CANCELLED
    assert State.SENDING not in (*origins(Event.KILL), *origins(Event.EXPIRE), *origins(Event.CANCEL))


@pytest.mark.parametrize("event", list(Event))
def test_origins_are_the_states_whose_row_has_the_event(event: Event) -> None:
    """The store compares with exactly these."""
    found = origins(event)
    assert found
    for state in State:
        assert (state in found) is (event in TRANSITIONS[state])


def test_open_and_settled_states_are_all_states() -> None:
    """A hold is open until its effect is decided, and every settled one has a disposition."""
    assert set(State) - OPEN == _TERMINAL
    assert set(DISPOSITIONS) == _TERMINAL
    assert set(DISPOSITIONS.values()) == set(Disposition)
    assert REMEMBERED < _TERMINAL


def test_a_refusal_and_a_doubt_are_remembered_and_an_expiry_is_not() -> None:
    """Expired is nobody's refusal: the same request may be asked again."""
    assert {State.REJECTED, State.OUTCOME_UNKNOWN} == REMEMBERED


@pytest.mark.parametrize("state", list(State))
def test_a_hold_is_settled_when_its_state_is_not_open(state: State) -> None:
    """There is an outcome to tell exactly where nothing more is waited for."""
    assert replace(_HOLD, state=state).settled is (state not in OPEN)


def test_the_diagram_has_every_edge_and_no_other() -> None:
    """The docs' picture is the table."""
    head, *lines = diagram().splitlines()
    edges = {line.strip() for line in lines}
    expected = {
        f"{state.value} --> {target.value}: {event.value}"
        for state, row in TRANSITIONS.items()
        for event, target in row.items()
    }
    ends = {f"{state.value} --> [*]" for state, row in TRANSITIONS.items() if not row}
    assert head == "stateDiagram-v2"
    assert edges == expected | ends | {"[*] --> pending"}
    assert len(lines) == len(edges)
