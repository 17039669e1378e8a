"""What the audit trail says of a judgement, a hold and a step: who, what, by which rule; no body, no secret.

Of a request's target and body it has hashes: equality is what a comparison needs, and they may hold secrets.
"""

import hashlib
import json
from collections.abc import Iterator

from rules.audit.record import Fact
from rules.call import Call, HttpCall
from rules.hold import Event, Hold
from rules.verdict import Judgement

DECIDED = frozenset(
    {"approve", "reject", "cancel", "retry", "confirm", "refute", "vote", "recant", "undo"}
) | {
    "respond",
    "supersede",
    "drill",
}
"""Events that are a person's, where a person is named."""

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


def of_decision(hold: Hold, event: Event) -> Said:
    """A person's step: also who it was, what that person was shown, and the hash of what was signed."""
    stated = next(_statements(hold, event), {})
    who, preview = stated.get("who"), stated.get("preview")
    return of_step(hold, event) | {
        "who": who if isinstance(who, str) else hold.decided_by or hold.resolved_by,
        "preview": preview if isinstance(preview, str) else None,
        "decision_sha256": _hash(hold.decision.encode()) if hold.decision else None,
    }


def of_attempt(hold: Hold, *, attempt: str, event: str) -> Said:
    """A request that is about to leave."""
    return of_hold(hold) | {"attempt": attempt, "event": event, "fence": hold.fence}


def by_person(hold: Hold, event: Event) -> bool:
    """Whether a person took this step."""
    if event is Event.CANCEL:
        return bool(hold.decided_by)  # its own agent may take it back
    return event in DECIDED and hold.resolved_by != "probe"


def _statements(hold: Hold, event: Event) -> Iterator[dict[str, object]]:
    """What the hold keeps of this decision as it was signed."""
    try:
        stated = json.loads(hold.decision[_SIGNATURE:])
    except ValueError:
        return
    if isinstance(stated, dict) and stated.get("event") == event:
        yield stated


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
