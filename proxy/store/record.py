"""Holds as the hashes that Redis keeps: what is written for a new one, and how a stored one is read."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.drill.drill import Answer, Mark
from rules.drill.drill import read as mark
from rules.hold import Hold, Resolution, State
from rules.verdict import ReasonId, Tier

logger = logging.getLogger(__name__)


class StoreUnavailable(Exception):
    """the store cannot be reached or cannot record: nothing is held, nothing passes that would need it"""


class Unconfirmed(StoreUnavailable):
    """the store has recorded it, but too few of its replicas: a failover would lose it"""


class Unreadable(StoreUnavailable):
    """a stored hold has a field that this version cannot read: a newer one wrote it, or it was altered"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A hold that is about to be made."""

    hold_id: str
    agent: str
    """Whose cap on new holds counts: a keyed digest of the principal."""
    digest: str
    fingerprint: str
    idempotency_key: str
    tier: Tier
    rule: str | None
    reason_id: ReasonId
    reason: str
    policy: str
    sealed: bytes
    credential: str = ""
    """Which configured secrets would go out with it now."""
    key: str = ""
    """The data key of what is sealed, wrapped."""
    probed: bool = False
    window: timedelta | None = None
    """How long people have to decide, where that is not as usual."""
    reasoning: bytes = b""
    """What the agent says for itself, sealed."""
    generation: int = 1
    supersedes: str = ""
    edited_by: str = ""
    edit: bytes = b""
    """What a reviewer, or the maker of a drill, changed, sealed."""
    drill: Mark | None = None
    trace: str = ""
    """The span of its admission, where calls are traced."""


CONTENTS = ("key", "sealed", "answer", "snapshot", "drift", "reasoning", "edit", "talk")
"""The fields of a hold that say what was asked for and answered; without the first, none of them opens."""

HOLD_FIELDS = [field.name for field in fields(Hold) if field.name != "hold_id"]


def draft_fields(draft: Draft) -> dict[str, bytes]:
    written = {
        "fence": "0",
        "digest": draft.digest,
        "fingerprint": draft.fingerprint,
        "idempotency_key": draft.idempotency_key,
        "tier": str(int(draft.tier)),
        "rule": draft.rule or "",
        "reason_id": str(draft.reason_id),
        "reason": draft.reason,
        "policy": draft.policy,
        "attempts": "1",
    }
    written |= {"key": draft.key} if draft.key else {}
    written |= {"probed": "1"} if draft.probed else {}
    written |= {"trace": draft.trace} if draft.trace else {}
    written |= {"credential": draft.credential} if draft.credential else {}
    if draft.supersedes:
        written |= {
            "generation": str(draft.generation),
            "supersedes": draft.supersedes,
            "edited_by": draft.edited_by,
        }
    written |= {"drill": str(draft.drill)} if draft.drill else {}
    parts = {"sealed": draft.sealed, "reasoning": draft.reasoning, "edit": draft.edit}
    sealed = {name: part for name, part in parts.items() if part or name == "sealed"}
    return {name: value.encode() for name, value in written.items()} | sealed


def found_hold(hold_id: str, values: Sequence[Any]) -> Hold | None:
    """The hold whose `HOLD_FIELDS` have these values, or None if there is none."""
    fields = {n: text(v) for n, v in zip(HOLD_FIELDS, values, strict=True) if v is not None}
    return read_hold(hold_id, fields) if "state" in fields else None


def readable(found: Iterable[tuple[str, Sequence[Any]]]) -> Iterator[Hold]:
    for hold_id, values in found:
        try:
            hold = found_hold(hold_id, values)
        except Unreadable:
            logger.error("store.unreadable hold=%s", hold_id)  # noqa: TRY400 (the value could be anything)
            continue
        if hold is not None:
            yield hold


def read_hold(hold_id: str, fields: Mapping[str, str]) -> Hold:
    """The hold that these fields describe. Raises Unreadable."""
    try:
        return _parse(hold_id, fields)
    except (KeyError, ValueError, OverflowError) as error:
        raise Unreadable(f"the hold `{hold_id}` cannot be read: {Unreadable.__doc__}") from error


def _parse(hold_id: str, fields: Mapping[str, str]) -> Hold:
    return Hold(
        hold_id=hold_id,
        state=State(fields["state"]),
        fence=int(fields["fence"]),
        digest=fields["digest"],
        fingerprint=fields["fingerprint"],
        idempotency_key=fields["idempotency_key"],
        tier=Tier(int(fields["tier"])),
        rule=fields["rule"] or None,
        reason_id=ReasonId(fields["reason_id"]),
        reason=fields["reason"],
        policy=fields["policy"],
        created_at=_time(fields["created_at"]),
        decide_by=_time(fields["decide_by"]),
        run_by=_time(fields["run_by"]) if "run_by" in fields else None,
        attempts=int(fields["attempts"]),
        decided_by=fields.get("decided_by", ""),
        decision_reason=fields.get("decision_reason", ""),
        decision=fields.get("decision", ""),
        key=fields.get("key", ""),
        shredded=fields.get("shredded") == "1",
        note=fields.get("note", ""),
        credential=fields.get("credential", ""),
        credential_used=fields.get("credential_used", ""),
        sends=tuple(fields.get("sends", "").split()),
        keyed_by=fields.get("keyed_by", ""),
        resend_by=_time(fields["resend_by"]) if "resend_by" in fields else None,
        resolved_as=Resolution(fields["resolved_as"]) if fields.get("resolved_as") else None,
        resolved_by=fields.get("resolved_by", ""),
        resolution_reason=fields.get("resolution_reason", ""),
        collected=fields.get("collected") == "1",
        probed=fields.get("probed") == "1",
        votes=tuple(fields.get("votes", "").split("\n")) if fields.get("votes") else (),
        grace_until=_time(fields["grace_until"]) if "grace_until" in fields else None,
        responded=fields.get("responded") == "1",
        generation=int(fields.get("generation", "1")),
        supersedes=fields.get("supersedes", ""),
        superseded_by=fields.get("superseded_by", ""),
        edited_by=fields.get("edited_by", ""),
        talk_count=int(fields.get("talk_count", "0")),
        asked=fields.get("asked") == "1",
        rung=int(fields.get("rung", "0")),
        escalated_to=fields.get("escalated_to", ""),
        watched_by=fields.get("watched_by", ""),
        watched_until=_time(fields["watched_until"]) if "watched_until" in fields else None,
        drill=mark(fields.get("drill", "")),
        drill_answer=Answer(fields["drill_answer"]) if fields.get("drill_answer") else None,
        trace=fields.get("trace", ""),
    )


def text(value: Any) -> str:
    """What a client that decodes nothing returned, as text; what is no text fits no seal."""
    return bytes(value).decode(errors="replace")


def texts(values: Iterable[Any]) -> Sequence[str]:
    return [text(value) for value in values]


def _time(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, tz=UTC)
