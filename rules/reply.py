"""What the agent hears: one wording per state, in a shape that no client takes for success."""

import json
from base64 import b64encode
from dataclasses import dataclass, replace

from rules.headers import Fields
from rules.hold import DISPOSITIONS, Hold, Resolution, State
from rules.talk import NOTHING, Beside
from rules.verdict import Judgement, ReasonId, Refusal

STATUS_HOST = "sidegate.internal"

_NOT_EXECUTED = "not executed; do not retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer: `phrase` is the HTTP/1.1 reason phrase, empty for the status's usual one."""

    status: int
    fields: Fields = ()
    body: bytes = b""
    phrase: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """How one state is put to the agent: a short phrase, and what happened and what to do."""

    phrase: str
    detail: str
    executed: bool | None


# Each state in words that fit no other one: held, refused, unanswered, changed, stopped, unknown.
_WORDS: dict[State, _Words] = {
    State.PENDING: _Words(
        phrase=f"Held for approval {{id}}; {_NOT_EXECUTED}",
        detail="held for a human's decision and not executed; do not retry it or work around it: "
        "read status_url later, or send the identical request again to get the outcome",
        executed=False,
    ),
    State.APPROVED: _Words(
        phrase=f"Approved {{id}}, waiting to run; {_NOT_EXECUTED}",
        detail="approved by a human and about to run, not executed yet; read status_url for the "
        "outcome, or send the identical request again",
        executed=False,
    ),
    State.CLAIMED: _Words(
        phrase="Approved {id}, running now; do not retry",
        detail="approved by a human and running now; read status_url for the outcome",
        executed=False,
    ),
    State.SENDING: _Words(
        phrase="Approved {id}, running now; do not retry",
        detail="approved by a human and being sent now; read status_url for the outcome",
        executed=None,
    ),
    State.REJECTED: _Words(
        phrase=f"Rejected by a reviewer {{id}}; {_NOT_EXECUTED}",
        detail="a human reviewer rejected this action and it was not executed; the same request "
        "will be refused again: choose another way or ask the user",
        executed=False,
    ),
    State.SUPERSEDED: _Words(
        phrase="Changed by a reviewer {id}; not executed as it was",
        detail="a human reviewer changed this action, and it was not executed as it was asked; "
        "read status_url, or send the identical request again, for what became of the changed one",
        executed=False,
    ),
    State.DRILLED: _Words(
        phrase="Exercise {id}; not executed",
        detail="this was an exercise of the reviewers that no agent asked for; nothing was executed",
        executed=False,
    ),
    State.EXPIRED: _Words(
        phrase="Expired unanswered {id}; not executed",
        detail="the time for this action ran out and it was not executed; nobody refused it: "
        "the identical request opens a new hold",
        executed=False,
    ),
    State.DRIFT_REFUSED: _Words(
        phrase="Changed since approval {id}; not executed",
        detail="what was approved is no longer what would run, so it was not executed; "
        "the identical request opens a new hold",
        executed=False,
    ),
    State.KILLED: _Words(
        phrase="Stopped by the kill switch {id}; not executed",
        detail="an operator stopped this action and it was not executed; wait for the user",
        executed=False,
    ),
    State.CANCELLED: _Words(
        phrase="Cancelled {id}; not executed",
        detail="this action was taken back before it was sent and was not executed; nobody refused it: "
        "the identical request opens a new hold",
        executed=False,
    ),
    State.NOT_EXECUTED: _Words(
        phrase="Found not executed {id}",
        detail="it was unknown whether this action ran; it was found out since that it did not, and it "
        "is not sent any more: the identical request opens a new hold",
        executed=False,
    ),
    State.OUTCOME_UNKNOWN: _Words(
        phrase="Outcome unknown {id}; may have been executed; do not retry",
        detail="this action was sent and no answer is known: it may have been executed; do not "
        "send it in any form, a human has to find out",
        executed=None,
    ),
    State.EXECUTED: _Words(
        phrase="Executed {id}; do not retry",
        detail="approved by a human and executed; the upstream's answer is stored",
        executed=True,
    ),
    State.EXECUTION_ERROR: _Words(
        phrase="Executed {id} with an error; do not retry",
        detail="approved by a human and sent; the upstream answered with an error, which is stored",
        executed=True,
    ),
}

_EDITED = (
    "a human reviewer changed this action: all that is told here is about the changed one; "
    "go on from that, and do not send the original again"
)
_ASKED = _Words(
    phrase=f"A reviewer asks you something {{id}}; {_NOT_EXECUTED}",
    detail="held for a human's decision and not executed; the human wants to know more first: POST your "
    "answer to `question` as text to answer_url, at most 4096 bytes, then read status_url later; do not "
    "retry it or work around it",
    executed=False,
)
_RESPONDED = _Words(
    phrase=f"Answered by a reviewer {{id}}; {_NOT_EXECUTED}",
    detail="a human reviewer did not let this action run and answers it instead: `response` is that answer; "
    "go on with it, and do not send the same request again",
    executed=False,
)

# After an outcome that was unknown; the upstream gave no answer that could be told.
_RESOLVED: dict[tuple[State, Resolution | None], _Words] = {
    (State.EXECUTED, Resolution.EXECUTED): _Words(
        phrase="Found executed {id}; do not retry",
        detail="it was unknown whether this action ran; it was found out since that it did; the "
        "upstream's answer is not known: do not send it again, read what it changed",
        executed=True,
    ),
    (State.APPROVED, Resolution.TRY_AGAIN): _Words(
        phrase="Approved {id} to be sent again; do not retry",
        detail="it was unknown whether this action ran; it was found out or decided since that it is to "
        "be sent again, by us; read status_url for the outcome",
        executed=None,
    ),
}


def describe(hold: Hold, beside: Beside = NOTHING) -> dict[str, object]:
    """What an agent may know of its own hold, as JSON values."""
    words = _words(hold, beside)
    return _beside(hold, beside) | {
        "hold_id": hold.hold_id,
        "state": hold.state,
        "executed": words.executed,
        "disposition": DISPOSITIONS.get(hold.state),
        "detail": words.detail,
        "tier": int(hold.tier),
        "rule": hold.rule,
        "reason_id": hold.reason_id,
        "reason": hold.reason,
        "decision_reason": None if hold.responded else hold.decision_reason or None,
        "response": hold.decision_reason if hold.responded and hold.state is State.REJECTED else None,
        "note": hold.note or None,
        "resolved_as": hold.resolved_as,
        "attempts": hold.attempts,
        "decide_by": hold.decide_by.isoformat(),
        "status_url": status_url(hold.hold_id),
    }


def _beside(hold: Hold, beside: Beside) -> dict[str, object]:
    told: dict[str, object] = {}
    if beside.question:
        told |= {"question": beside.question, "answer_url": f"{status_url(hold.hold_id)}/answer"}
    if beside.changes:
        told |= {"edited": beside.edited, "edited_note": _EDITED}
    return told


def _words(hold: Hold, beside: Beside) -> _Words:
    if beside.question and hold.state is State.PENDING:
        return _ASKED
    if hold.responded and hold.state is State.REJECTED:
        return _RESPONDED
    return _RESOLVED.get((hold.state, hold.resolved_as)) or _WORDS[hold.state]


def status_url(hold_id: str) -> str:
    """Where the agent reads how its hold stands; only reachable through the proxy."""
    return f"http://{STATUS_HOST}/holds/{hold_id}"


def standing(hold: Hold, beside: Beside = NOTHING, *, accepted: bool = False) -> Reply:
    """How `hold` stands, for the agent whose request it holds. `accepted`: it asked for a 202."""
    words = _words(hold, beside)
    return _problem(
        202 if accepted and not hold.settled else 403,
        kind=hold.state,
        phrase=words.phrase.format(id=hold.hold_id),
        members=describe(hold, beside),
        fields=((b"Sidegate-Hold", hold.hold_id.encode()), *_edited(beside)),
    )


def outcome(answer: Reply, hold: Hold, beside: Beside) -> Reply:
    """The upstream's own `answer`, which says so where a reviewer changed what was sent."""
    if not beside.changes:
        return answer
    told = ((b"Sidegate-Hold", hold.hold_id.encode()), *_edited(beside))
    own = {name.lower() for name, _ in told}
    return replace(answer, fields=(*(one for one in answer.fields if one[0].lower() not in own), *told))


def _edited(beside: Beside) -> Fields:
    return ((b"Sidegate-Edited", beside.header),) if beside.changes else ()


def blocked(judgement: Judgement) -> Reply:
    """A call that no approval can release."""
    return _problem(
        403,
        kind="blocked",
        phrase="Blocked by policy; not executed; do not retry",
        members={
            "detail": "a rule forbids this action, it was not executed and nobody can approve it: "
            "choose another way",
            "executed": False,
            "tier": int(judgement.tier),
            "rule": judgement.rule,
            "reason_id": judgement.reason_id,
            "reason": judgement.reason,
        },
    )


def refused(refusal: Refusal) -> Reply:
    """A request that the gate does not let through, whatever it asks for."""
    return _problem(
        refusal.status,
        kind="refused",
        phrase="",
        members={
            "detail": f"{refusal.reason}; nothing was sent",
            "executed": False,
            "reason_id": refusal.reason_id,
            "reason": refusal.reason,
        },
    )


def unreadable(hold_id: str, reason_id: ReasonId) -> Reply:
    """A hold that exists, while nobody can tell how it stands: the store is away, or the gate failed."""
    away = reason_id is ReasonId.STORE_UNAVAILABLE
    why = "the store does not answer" if away else "the gate failed while it waited for the outcome"
    return _problem(
        503,
        kind="unreadable",
        phrase=f"Held as {hold_id}; its state cannot be read now",
        members={
            "hold_id": hold_id,
            "executed": None,
            "reason_id": reason_id,
            "detail": f"this action is held, but {why}; it may have been "
            "decided and executed meanwhile: read status_url later, or send the identical request again, "
            "which joins it",
            "status_url": status_url(hold_id),
        },
        fields=((b"Sidegate-Hold", hold_id.encode()),),
    )


def as_json(answer: Reply) -> dict[str, object]:
    """An upstream's answer as JSON values; the body as text where it is text."""
    try:
        body = {"body": answer.body.decode("utf-8")}
    except UnicodeDecodeError:
        body = {"body_b64": b64encode(answer.body).decode()}
    fields = [[n.decode("latin-1"), v.decode("latin-1")] for n, v in answer.fields]
    return {"status": answer.status, "headers": fields, **body}


def document(status: int, members: dict[str, object]) -> Reply:
    """A plain JSON answer of the agent's status address."""
    return _json(status, members, content_type=b"application/json")


def _problem(
    status: int, *, kind: str, phrase: str, members: dict[str, object], fields: Fields = ()
) -> Reply:
    """An RFC 9457 problem; never with Retry-After, which clients obey without asking anybody."""
    head = {"type": f"urn:sidegate:{kind}", "title": phrase or kind, "status": status}
    reply = _json(status, head | members, content_type=b"application/problem+json")
    return Reply(status=status, fields=reply.fields + fields, body=reply.body, phrase=phrase)


def _json(status: int, members: dict[str, object], *, content_type: bytes) -> Reply:
    body = json.dumps(members, indent=2).encode() + b"\n"
    return Reply(
        status=status,
        fields=((b"Content-Type", content_type), (b"Cache-Control", b"no-store")),
        body=body,
    )
