"""What the agent hears: distinct words for distinct outcomes, and nothing that invites a retry."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.headers import first
from rules.hold import DISPOSITIONS, OPEN, REMEMBERED, Disposition, Hold, State
from rules.reply import (
    STATUS_HOST,
    Reply,
    as_json,
    blocked,
    describe,
    document,
    refused,
    standing,
    status_url,
    unreadable,
)
from rules.verdict import Judgement, ReasonId, Refusal, Tier, Verdict
from tests.rules.holds import a_hold

_AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_ID = "01JDB2X1V5Q0000000000000AA"
_HOLD = a_hold(hold_id=_ID, fence=3, created_at=_AT, decide_by=_AT)
_BLOCKED = Judgement(
    tier=Tier.HIGH_RISK,
    verdict=Verdict.BLOCK,
    reason_id=ReasonId.FORBIDDEN,
    reason="a rule forbids it",
    rule="never",
)
_REFUSAL = Refusal(reason_id=ReasonId.JSON_INVALID, reason="json repeats a member", status=400)


def _in(state: State) -> Hold:
    return replace(_HOLD, state=state)


def _body(reply: Reply) -> dict[str, Any]:
    members = json.loads(reply.body)
    assert isinstance(members, dict)
    return members


_PROBLEMS: dict[str, Reply] = {
    **{f"{state}": standing(_in(state)) for state in State},
    **{f"{state}, accepted": standing(_in(state), accepted=True) for state in State},
    "blocked": blocked(_BLOCKED),
    "refused": refused(_REFUSAL),
    "unreadable": unreadable(_ID, ReasonId.STORE_UNAVAILABLE),
    "failed while it waited": unreadable(_ID, ReasonId.GATE_FAILED),
}


@pytest.mark.parametrize("reply", _PROBLEMS.values(), ids=_PROBLEMS)
def test_every_answer_is_a_problem_that_programs_can_read(reply: Reply) -> None:
    """RFC 9457: type, title, status and detail, in JSON that says the same as the head."""
    members = _body(reply)
    assert first(reply.fields, b"content-type") == b"application/problem+json"
    assert first(reply.fields, b"cache-control") == b"no-store"
    assert members["status"] == reply.status
    assert members["type"].startswith("urn:sidegate:")
    assert members["title"]
    assert members["detail"]
    assert members["executed"] in (True, False, None)
    assert members["reason_id"] in set(ReasonId)


@pytest.mark.parametrize("reply", _PROBLEMS.values(), ids=_PROBLEMS)
def test_no_answer_invites_a_retry(reply: Reply) -> None:
    """Clients obey Retry-After without asking anybody."""
    names = [name.lower() for name, _ in reply.fields]
    assert b"retry-after" not in names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("reply", _PROBLEMS.values(), ids=_PROBLEMS)
def test_phrases_and_headers_fit_on_one_line_of_ascii(reply: Reply) -> None:
    """A reason phrase with a line end would be a header of its own."""
    for text in (reply.phrase, *(n.decode() + v.decode() for n, v in reply.fields)):
        assert text.isascii()
        assert text == "" or text.isprintable()
    assert "{" not in reply.phrase
    assert len(reply.phrase) < 120


@pytest.mark.parametrize("state", list(State))
def test_a_hold_is_named_wherever_a_client_might_look(state: State) -> None:
    """Phrase, header, body and address all say the id: some client shows each of them."""
    reply = standing(_in(state))
    members = _body(reply)
    assert _ID in reply.phrase
    assert first(reply.fields, b"sidegate-hold") == _ID.encode()
    assert members["hold_id"] == _ID
    assert members["status_url"] == f"http://{STATUS_HOST}/holds/{_ID}" == status_url(_ID)
    assert members["state"] == state.value
    assert members["type"] == f"urn:sidegate:{state.value}"


@pytest.mark.parametrize("state", list(State))
def test_the_phrase_says_whether_it_ran(state: State) -> None:
    """A model that reads nothing but the phrase knows what not to believe."""
    reply = standing(_in(state))
    executed = _body(reply)["executed"]
    if state is State.OUTCOME_UNKNOWN:
        assert "may have been executed" in reply.phrase
    elif executed is True:
        assert reply.phrase.startswith("Executed")
    elif executed is False and state is not State.CLAIMED:
        assert "not executed" in reply.phrase
    if state in (State.EXECUTED, State.EXECUTION_ERROR, State.SENDING, State.OUTCOME_UNKNOWN):
        assert "not executed" not in reply.phrase
        assert "not executed" not in _body(reply)["detail"]


_EXECUTED = {
    Disposition.APPROVED_EXECUTED: True,
    Disposition.EXECUTION_ERROR: True,
    Disposition.DENIED_NOT_EXECUTED: False,
    Disposition.OUTCOME_UNKNOWN: None,
}


@pytest.mark.parametrize("state", list(DISPOSITIONS))
def test_executed_agrees_with_the_disposition(state: State) -> None:
    """Two members of one answer never contradict each other."""
    members = _body(standing(_in(state)))
    assert members["disposition"] == DISPOSITIONS[state].value
    assert members["executed"] is _EXECUTED[DISPOSITIONS[state]]


@pytest.mark.parametrize("state", sorted(OPEN))
def test_an_open_hold_has_no_disposition_and_claims_no_effect(state: State) -> None:
    """Before the end, nothing is said to have run."""
    members = _body(standing(_in(state)))
    assert members["disposition"] is None
    assert members["executed"] is (None if state is State.SENDING else False)


@pytest.mark.parametrize(
    "state",
    sorted(OPEN | REMEMBERED | {State.EXECUTED, State.EXECUTION_ERROR}),
)
def test_where_a_repetition_is_useless_or_harmful_the_phrase_says_so(state: State) -> None:
    """Only where the same request opens a new hold does the phrase leave it out."""
    assert "do not retry" in standing(_in(state)).phrase


def test_outcomes_never_sound_alike() -> None:
    """Held, refused, unanswered, changed, stopped and unknown have words of their own."""
    settled = [_body(standing(_in(state))) for state in DISPOSITIONS]
    assert len({members["detail"] for members in settled}) == len(settled)
    assert len({members["title"] for members in settled}) == len(settled)
    assert len({_body(standing(_in(state)))["detail"] for state in State}) == len(State)


def test_an_unanswered_hold_was_refused_by_nobody() -> None:
    """Expired is not a refusal, and does not sound like one."""
    reply = standing(_in(State.EXPIRED))
    words = f"{reply.phrase} {_body(reply)['detail']}".lower()
    assert "unanswered" in words
    assert "nobody refused it" in words
    assert "reject" not in words
    assert "denied" not in words


@pytest.mark.parametrize("state", list(State))
def test_only_an_open_hold_is_ever_a_202(state: State) -> None:
    """403 is the one status that no client library retries or takes for success."""
    assert standing(_in(state)).status == 403
    assert standing(_in(state), accepted=True).status == (202 if state in OPEN else 403)


def test_a_hold_is_described_without_what_is_not_the_agents() -> None:
    """No digest, fence, key, policy or reviewer's name; times with their zone."""
    hold = replace(
        _HOLD,
        state=State.REJECTED,
        decided_by="ada@pay.test",
        decision_reason="not \u201cthis\u201d month",
        attempts=2,
    )
    members = describe(hold)
    text = json.dumps(members)
    for hidden in (hold.digest, hold.fingerprint, hold.idempotency_key, hold.policy, hold.decided_by):
        assert hidden not in text
    assert members["decision_reason"] == "not \u201cthis\u201d month"
    assert members["decide_by"] == "2026-11-23T08:00:00+00:00"
    assert members["attempts"] == 2
    assert members["note"] is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_reviewers_text_stays_inside_the_json(reason: str, note: str) -> None:
    """Whatever people write, head and phrase stay what they are, and it is read back exactly."""
    reply = standing(replace(_HOLD, state=State.REJECTED, decision_reason=reason, note=note))
    plain = standing(_in(State.REJECTED))
    assert (reply.phrase, reply.fields) == (plain.phrase, plain.fields)
    assert reply.body.isascii()
    members = _body(reply)
    assert members["decision_reason"] == (reason or None)
    assert members["note"] == (note or None)


def test_a_forbidden_call_names_its_rule_and_offers_no_approval() -> None:
    """Nobody can approve it, and the words do not hold out hope."""
    reply = blocked(_BLOCKED)
    members = _body(reply)
    assert reply.status == 403
    assert "not executed" in reply.phrase
    assert "do not retry" in reply.phrase
    assert (members["rule"], members["reason_id"], members["tier"]) == ("never", "forbidden", 4)
    assert members["executed"] is False
    assert first(reply.fields, b"sidegate-hold") is None
    assert "status_url" not in members


@pytest.mark.parametrize("status", [400, 413, 415, 417, 421, 431, 501, 503, 505])
def test_a_refusal_keeps_its_status_and_says_that_nothing_left(status: int) -> None:
    """The phrase stays the status's usual one."""
    reply = refused(replace(_REFUSAL, status=status))
    members = _body(reply)
    assert (reply.status, reply.phrase) == (status, "")
    assert members["reason"] == "json repeats a member"
    assert members["reason_id"] == "json_invalid"
    assert members["detail"].endswith("nothing was sent")
    assert members["executed"] is False


@pytest.mark.parametrize("reason_id", [ReasonId.STORE_UNAVAILABLE, ReasonId.GATE_FAILED])
def test_a_hold_that_cannot_be_read_claims_nothing(reason_id: ReasonId) -> None:
    """While the store is away, or the gate failed, nobody knows whether it ran; the id is still said."""
    reply = unreadable(_ID, reason_id)
    members = _body(reply)
    assert reply.status == 503
    assert _ID in reply.phrase
    assert "not executed" not in f"{reply.phrase} {members['detail']}"
    assert first(reply.fields, b"sidegate-hold") == _ID.encode()
    assert "nothing was sent" not in members["detail"]
    assert members["executed"] is None
    assert members["reason_id"] == reason_id
    assert members["status_url"] == status_url(_ID)


@given(st.binary(max_size=30))
def test_an_upstreams_answer_can_be_told_in_json(body: bytes) -> None:
    """Text as text, anything else in base 64; headers keep order and repetition."""
    answer = Reply(status=201, fields=((b"X-A", b"\xff"), (b"X-A", b"2")), body=body)
    members = json.loads(json.dumps(as_json(answer)))
    assert members["status"] == 201
    assert members["headers"] == [["X-A", "\u00ff"], ["X-A", "2"]]
    told = members.get("body")
    assert (told.encode() if told is not None else base64.b64decode(members["body_b64"])) == body


def test_a_plain_document_is_json_and_not_kept() -> None:
    """The status address answers in ordinary JSON."""
    reply = document(200, {"state": "pending"})
    assert reply.status == 200
    assert first(reply.fields, b"content-type") == b"application/json"
    assert first(reply.fields, b"cache-control") == b"no-store"
    assert _body(reply) == {"state": "pending"}
