"""What the audit trail says of a judgement, a hold and a step: who, what, by which rule; no body, no secret.

Of a request's target and body it has hashes: equality is what a comparison needs, and they may hold secrets.
"""

import hashlib
import json

from rules.audit.record import Fact
from rules.call import Call, HttpCall
from rules.hold import Event, Hold
from rules.verdict import Judgement

_SIGNATURE = 128

type Said = dict[str, Fact]


def of_judgement(call: Call | None, judgement: Judgement) -> Said:
    """A verdict on `call`."""
    said: Said = {
        "tier": int(judgement.tier),
        "verdict": str(judgement.verdict),
        "rule": judgement.rule,
        "reason_id": str(judgement.reason_id),
        "category": str(judgement.category) if judgement.category else None,
        "observed": True if judgement.observed else None,
    }
    return said | (of_call(call) if call is not None else {})


def of_call(call: Call) -> Said:
    """Where `call` goes, and what tells it from others."""
    if isinstance(call, HttpCall):
        return {
            "method": call.method,
            "host": call.host,
            "port": call.port,
            "target_sha256": _hash(call.target.encode("latin-1", "replace")),
            "body_sha256": _hash(call.body) if call.body else None,
        }
    return {"server": call.server, "tool": call.tool}


def of_hold(hold: Hold) -> Said:
    """A hold: what it binds, and by which rule it is held."""
    return {
        "hold": hold.hold_id,
        "tier": int(hold.tier),
        "rule": hold.rule,
        "reason_id": str(hold.reason_id),
        "digest": hold.digest,
        "policy": hold.policy,
        "drill": True if hold.drill else None,
    }


def of_opening(hold: Hold) -> Said:
    """A new hold: also which one it goes on for, where a reviewer changed that."""
    return of_hold(hold) | {"supersedes": hold.supersedes or None, "edited_by": hold.edited_by or None}


def of_step(hold: Hold, event: Event) -> Said:
    """A step that has taken `hold` to where it stands now."""
    return {
        "hold": hold.hold_id,
        "event": str(event),
        "state": str(hold.state),
        "tier": int(hold.tier),
        "digest": hold.digest,
        "fence": hold.fence,
        "attempt": hold.sends[-1] if hold.sends else None,
        "resolved_as": str(hold.resolved_as) if hold.resolved_as else None,
        "resolved_by": hold.resolved_by or None,
        "drill": True if hold.drill else None,
    }


def by_person(hold: Hold, event: Event, *, by: str) -> bool:
    """Whether a person took this step."""
    return bool(by or _signed(hold, event))


def of_decision(hold: Hold, event: Event, *, by: str) -> Said:
    """A person's step: also who it was, what that person was shown, and the hash of what was signed."""
    stored = _signed(hold, event)
    said = _stated(stored)
    who, preview, grant = by or said.get("who"), said.get("preview"), said.get("grant")
    return of_step(hold, event) | {
        "who": who if isinstance(who, str) else None,
        "preview": preview if isinstance(preview, str) else None,
        "grant": grant if isinstance(grant, str) else None,
        "decision_sha256": decision_hash(stored) if stored else None,
        "votes": len(hold.votes) or None,
        "superseded_by": hold.superseded_by or None,
    }


def decision_hash(stored: str) -> str:
    """By which a record names a signed decision or vote, as its hold keeps it."""
    return _hash(stored.encode())


def of_attempt(hold: Hold, *, attempt: str, event: str) -> Said:
    """A request that is about to leave."""
    return of_hold(hold) | {"attempt": attempt, "event": event, "fence": hold.fence}


def _signed(hold: Hold, event: Event) -> str:
    """What the hold keeps of this step as its person signed it; nothing of one that takes something back."""
    if event is Event.VOTE:
        return hold.votes[-1] if hold.votes else ""
    return hold.decision if _stated(hold.decision).get("event") == event else ""


def _stated(stored: str) -> dict[str, object]:
    try:
        stated = json.loads(stored[_SIGNATURE:])
    except (ValueError, RecursionError):
        return {}
    return stated if isinstance(stated, dict) else {}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
