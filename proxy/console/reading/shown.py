"""What a reviewer sees of a hold, as JSON values."""

import base64
from dataclasses import asdict
from datetime import datetime

from starlette.responses import Response

from proxy.console.problem import Obstacle, Problem, answer
from proxy.keys.seal import SealError
from rules.action import Action
from rules.decision import unsigned
from rules.drill.drill import Answer
from rules.hold import DISPOSITIONS, Hold, Resolution, State
from rules.mcp.action import ToolAction
from rules.reply import Reply

# Continues "this hold ...".
_STANDING: dict[State, str] = {
    State.PENDING: "waits for a decision until {decide_by}",
    State.APPROVED: "was approved by `{by}` and waits to run until {run_by}",
    State.CLAIMED: "was approved by `{by}` and is being checked again before it is sent",
    State.SENDING: "was approved by `{by}` and is being sent",
    State.EXECUTED: "was approved by `{by}` and ran; the upstream's answer is stored",
    State.EXECUTION_ERROR: "was approved by `{by}` and ran; the upstream answered with an error",
    State.OUTCOME_UNKNOWN: "was approved by `{by}` and may have run: no answer is known, "
    "find out at the upstream",
    State.NOT_EXECUTED: "did not run: `{found_by}` found that out after its outcome was unknown",
    State.REJECTED: "was rejected by `{by}`: {reason}",
    State.EXPIRED: "expired: its time ran out, it did not run and nobody refused it",
    State.DRIFT_REFUSED: "did not run: what was approved is no longer what would run",
    State.CANCELLED: "was taken back before it was sent and did not run",
    State.KILLED: "was stopped by the kill switch and did not run",
    State.DRILLED: "was a drill, which can never run, and `{by}` has answered it",
    State.SUPERSEDED: "was changed by a reviewer and did not run: `{next}` goes on in its place",
}

_RESOLVED: dict[tuple[State, Resolution | None], str] = {
    (State.EXECUTED, Resolution.EXECUTED): "ran: `{found_by}` found that out after its outcome was unknown",
    (State.APPROVED, Resolution.TRY_AGAIN): "is sent again by the word of `{found_by}` after its outcome "
    "was unknown, until {run_by}",
}

_RESPONDED = "was answered by `{by}` instead: {reason}"

_OBSTACLES: dict[str, tuple[Obstacle, str]] = {
    "state": (Obstacle.STATE, "this hold {standing}; nothing was changed"),
    "late": (
        Obstacle.LATE,
        "the time to decide ran out at {decide_by}; nothing was changed: "
        "the agent's next identical request opens a new hold",
    ),
    "grace": (
        Obstacle.GRACE,
        "the time to take the approval back is over; nothing was changed: reject it, if it has not been sent",
    ),
    "moved": (Obstacle.MOVED, "others are quicker just now; nothing was changed: read the hold again"),
    "killed": (Obstacle.KILLED, "the kill switch is on; nothing was changed"),
    "digest": (
        Obstacle.DIGEST,
        "that is not the digest of what would run; nothing was changed: "
        "read the hold again and approve what you see",
    ),
}


def summary(hold: Hold) -> dict[str, object]:
    """What is known of `hold` without its contents; times in ISO 8601, UTC."""
    return {
        "hold_id": hold.hold_id,
        "state": hold.state,
        "standing": standing(hold),
        "disposition": DISPOSITIONS.get(hold.state),
        "tier": int(hold.tier),
        "rule": hold.rule,
        "reason_id": hold.reason_id,
        "reason": hold.reason,
        "policy": hold.policy,
        "digest": hold.digest,
        "idempotency_key": hold.idempotency_key,
        "attempts": hold.attempts,
        "created_at": hold.created_at.isoformat(),
        "decide_by": hold.decide_by.isoformat(),
        "run_by": _iso(hold.run_by),
        "grace_until": _iso(hold.grace_until) if hold.state is State.APPROVED else None,
        "generation": hold.generation,
        "supersedes": hold.supersedes or None,
        "superseded_by": hold.superseded_by or None,
        "edited_by": hold.edited_by or None,
        "asked": hold.asked,
        "rung": hold.rung,
        "escalated_to": hold.escalated_to or None,
        "watched_by": hold.watched_by or None,
        "watched_until": _iso(hold.watched_until),
        "decided_by": hold.decided_by or None,
        "approved_by": approvers(hold),
        "decision_reason": hold.decision_reason or None,
        "responded": hold.responded,
        "note": hold.note or None,
        "credential": hold.credential or None,
        "credential_used": hold.credential_used or None,
        "sends": len(hold.sends),
        "resend_by": _iso(hold.resend_by),
        "resolved_as": hold.resolved_as,
        "resolved_by": hold.resolved_by or None,
        "resolution_reason": hold.resolution_reason or None,
        "collected": hold.collected,
        "drill": drill_of(hold),
    }


def drill_of(hold: Hold) -> dict[str, object] | None:
    """What is told of a drill once it is over; before, it is a hold like any other one."""
    if hold.drill is None or not hold.settled:
        return None
    answer = hold.drill_answer or Answer.EXPIRED
    return {
        "kind": hold.drill.kind,
        "changed": hold.drill.mutation,
        "answer": answer,
        "right": hold.drill.right(answer),
        "said": f"this {hold.drill.said(answer, who=hold.decided_by)}",
    }


def standing(hold: Hold) -> str:
    """How `hold` stands, in words that continue "this hold ..."."""
    if hold.drill and hold.settled:
        return hold.drill.said(hold.drill_answer or Answer.EXPIRED, who=hold.decided_by)
    words = _RESOLVED.get((hold.state, hold.resolved_as)) or _STANDING[hold.state]
    if hold.responded and hold.state is State.REJECTED:
        words = _RESPONDED
    return words.format(
        by="` and `".join(approvers(hold)) or hold.decided_by,
        found_by=hold.resolved_by,
        next=hold.superseded_by,
        reason=hold.decision_reason,
        decide_by=hold.decide_by.isoformat(timespec="seconds"),
        run_by=hold.run_by.isoformat(timespec="seconds") if hold.run_by else "?",
    )


def approvers(hold: Hold) -> list[str]:
    """Whose word the decision is, by what is stored: for showing alone."""
    if hold.state is State.REJECTED or not hold.votes:
        return [hold.decided_by] if hold.decided_by else []
    named = [name for vote in hold.votes if (name := _named(vote))]
    return list(dict.fromkeys((*named, *filter(None, [hold.decided_by]))))


def _named(vote: str) -> str | None:
    try:
        return unsigned(vote).who
    except ValueError:
        return None


def contents(action: Action | ToolAction) -> dict[str, object]:
    """The whole action: every byte that would run, and the names of the credentials that join it."""
    shown: dict[str, object] = {
        "method": action.method,
        "url": action.url,
        "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in action.fields],
        "credentials": [] if isinstance(action, ToolAction) else list(action.credentials),
        "principal": asdict(action.principal),
        "body_size": len(action.body),
        "body_text": _text(action.body),
        "body_b64": base64.b64encode(action.body).decode("ascii"),
    }
    return shown | {"place": action.place} if isinstance(action, ToolAction) else shown


def outcome(reply: Reply) -> dict[str, object]:
    """What the upstream answered, in short."""
    return {"status": reply.status, "phrase": reply.phrase, "body_size": len(reply.body)}


def told(hold: Hold, now: datetime, **more: object) -> Response:
    """What routes answer that have done something with `hold`."""
    return answer({"now": now.isoformat(), "hold": summary(hold), **more})


def conflict(why: str, hold: Hold, now: datetime) -> Problem:
    """The problem of a decision that `hold` does not allow; `why` is the store's word for it."""
    obstacle, detail = _OBSTACLES.get(why, _OBSTACLES["state"])
    words = detail.format(standing=standing(hold), decide_by=hold.decide_by.isoformat(timespec="seconds"))
    return Problem(409, obstacle, words, members={"why": why, "now": now.isoformat(), "hold": summary(hold)})


def damaged(hold: Hold, error: SealError) -> Problem:
    """The problem of a hold whose stored contents do not open."""
    members = {"why": Obstacle.INTEGRITY, "hold": summary(hold)}
    detail = f"{error}; nothing was changed: reject it, and find out who wrote to the store"
    return Problem(409, Obstacle.INTEGRITY, detail, members=members)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _text(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None
