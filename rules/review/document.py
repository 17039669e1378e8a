"""A package as JSON of a bounded size, every text in it inert, and the hash that an approval names."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import rfc8785

from rules.drift.difference import Change
from rules.review.excerpt import excerpt, short
from rules.review.package import VERSION, Around, Facts, Voice
from rules.review.part import Part
from rules.review.past import Past

MOST = 8000
"""Characters of JSON: about 2,000 tokens at four characters each."""

_CHANGES, _VOICES, _WARNINGS, _SIMILAR, _LAST = 6, 3, 5, 3, 4
_IRREVERSIBLE = "no call is known that takes it back"
_UNTRUSTED = "the agent's own words: nobody has checked them"


def document(facts: Facts, around: Around) -> dict[str, Any]:
    """The package as JSON values: at most `MOST` characters, however long what it shows is."""
    shown = _facts(facts)
    whole = {
        "version": VERSION,
        "preview": _hash(facts, shown),
        **shown,
        "around": _around(around),
        "agent_says": _said(facts.reasoning),
    }
    return _fitted(whole)


def preview(facts: Facts) -> str:
    """SHA-256 of what a reviewer is shown and of what would run, in this version's manner of showing it."""
    return _hash(facts, _facts(facts))


def bound(facts: Facts) -> dict[str, Any]:
    """What the preview is the hash of."""
    return _bound(facts, _facts(facts))


def _hash(facts: Facts, shown: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(_bound(facts, shown))).hexdigest()


def _bound(facts: Facts, shown: dict[str, Any]) -> dict[str, Any]:
    bound: dict[str, Any] = {
        "renderer": VERSION,
        "hold_id": facts.hold.hold_id,
        "digest": facts.hold.digest,
        "shown": shown,
        "images": list(facts.images),
        "reasoning_sha256": hashlib.sha256(facts.reasoning.encode("utf-8", "surrogatepass")).hexdigest(),
    }
    if facts.talk:
        bound["talk"] = [[hashlib.sha256(one.encode()).hexdigest() for one in said] for said in facts.talk]
    return bound


def _facts(facts: Facts) -> dict[str, Any]:
    hold = facts.hold
    return {
        "hold_id": hold.hold_id,
        "digest": hold.digest,
        "tier": int(hold.tier),
        "asks_to": short(facts.action, most=300),
        "worded_by": "rule" if facts.by_rule else "operation",
        "method": short(facts.method, most=20),
        "url": excerpt(facts.url, most=200).as_json(),
        "principal": {name: short(text, most=40) for name, text in asdict(facts.principal).items() if text},
        "money": None if facts.money is None else short(str(facts.money), most=100),
        "recipients": None
        if facts.people is None
        else {
            "count": facts.people.count,
            "first": [short(one, most=50) for one in facts.people.first],
        },
        "rows": facts.rows,
        "other_side": None if facts.party is None else short(facts.party, most=80),
        "reversal": _IRREVERSIBLE if facts.undo is None else short(facts.undo, most=200),
        "changes": _changes(facts.changes),
        "why": [_voice(voice) for voice in facts.voices[:_VOICES]],
        "further_voices": max(0, len(facts.voices) - _VOICES),
        "warnings": [short(warning, most=130) for warning in facts.warnings[:_WARNINGS]],
        "further_warnings": max(0, len(facts.warnings) - _WARNINGS),
        "parts": [_part(part) for part in facts.parts],
        "decide_by": hold.decide_by.isoformat(timespec="seconds"),
        "unanswered": facts.unanswered,
    }


def _changes(changes: tuple[Change, ...] | None) -> dict[str, Any] | None:
    if changes is None:
        return None
    return {"count": len(changes), "first": [_change(change) for change in changes[:_CHANGES]]}


def _change(change: Change) -> dict[str, Any]:
    return {
        "path": short(change.path, most=50),
        "before": None if change.before is None else short(change.before, most=60),
        "after": None if change.after is None else short(change.after, most=60),
    }


def _voice(voice: Voice) -> dict[str, Any]:
    judgement = voice.judgement
    return {
        "fixed": voice.fixed,
        "tier": int(judgement.tier),
        "reason_id": str(judgement.reason_id),
        "rule": None if judgement.rule is None else short(judgement.rule, most=64),
        "reason": short(judgement.reason, most=120),
        "evidence": [short(one, most=80) for one in voice.evidence[:1]],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "size": len(part.content),
        "shown": None if part.shown is None else part.shown.text,
        "open_first": part.unclear or None,
    }


def _said(reasoning: str) -> dict[str, Any] | None:
    if not reasoning:
        return None
    return {"trust": _UNTRUSTED, "text": excerpt(reasoning, most=350).as_json()}


def _around(around: Around) -> dict[str, Any]:
    return {
        "other_side_seen_before": around.party_seen,
        "spent_with_this": None if around.spent is None else short(str(around.spent), most=100),
        "since": None if around.since is None else around.since.isoformat(timespec="seconds"),
        "similar": _past(around.similar[:_SIMILAR]),
        "last": _past(around.last[:_LAST]),
    }


def _past(past: Iterable[Past]) -> list[dict[str, Any]]:
    return [
        {
            "at": one.at.isoformat(timespec="seconds"),
            "tier": int(one.tier),
            "asked_to": short(one.words, most=110),
            "became": short(one.outcome or str(one.verdict), most=90),
        }
        for one in past
    ]


def _fitted(whole: dict[str, Any]) -> dict[str, Any]:
    """`whole`, without what stands around where all texts are as long as they may be."""
    for crowd in ("last", "similar"):
        while whole["around"][crowd] and len(json.dumps(whole)) > MOST:
            whole["around"][crowd].pop()
    return whole
