"""The shapes of what the API takes and gives (JSON Schema 2020-12, as OpenAPI 3.1 has it)."""

from typing import Any

from proxy.console.deciding.decisions import MAX_REASON, MAX_TEXT
from rules.drill.drill import Answer, Kind, Mutation
from rules.hold import DISPOSITIONS, Resolution, State
from rules.verdict import ReasonId

type Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
FLAG: Shape = {"type": "boolean"}
COUNT: Shape = {"type": "integer", "minimum": 0}
TIME: Shape = {"type": "string", "format": "date-time"}
HASH: Shape = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
VIEWED: Shape = {"type": "array", "items": HASH, "maxItems": 16}
ANY_OBJECT: Shape = {"type": "object"}


def members(**known: Shape) -> Shape:
    """An object that has all of these members."""
    return {"type": "object", "properties": known, "required": list(known)}


def taken(required: dict[str, Shape], **optional: Shape) -> Shape:
    """An object to send: with these members, perhaps those, and no others."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def listed(item: Shape) -> Shape:
    """A list of such."""
    return {"type": "array", "items": item}


def one_of(values: Any) -> Shape:
    """One of some words."""
    return {"type": "string", "enum": [str(value) for value in values]}


def or_null(shape: Shape) -> Shape:
    """Such, or nothing."""
    return {"anyOf": [shape, {"type": "null"}]}


def named(name: str) -> Shape:
    """A shape of `COMPONENTS`."""
    return {"$ref": f"#/components/schemas/{name}"}


WORDS: Shape = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
REASON: Shape = {"type": "string", "minLength": 1, "maxLength": MAX_REASON}

LABELS = listed(members(who=TEXT, label=TEXT))
"""What people say of whether a verdict was right."""

_HOLD = members(
    hold_id={"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},
    state=one_of(State),
    standing=TEXT,
    disposition=or_null(one_of(dict.fromkeys(DISPOSITIONS.values()))),
    tier={"type": "integer", "minimum": 1, "maximum": 4},
    rule=or_null(TEXT),
    reason_id=one_of(ReasonId),
    reason=TEXT,
    policy=TEXT,
    digest=TEXT,
    idempotency_key=TEXT,
    attempts=COUNT,
    created_at=TIME,
    decide_by=TIME,
    run_by=or_null(TIME),
    grace_until=or_null(TIME),
    generation={"type": "integer", "minimum": 1},
    supersedes=or_null(TEXT),
    superseded_by=or_null(TEXT),
    edited_by=or_null(TEXT),
    asked=FLAG,
    rung=COUNT,
    escalated_to=or_null(TEXT),
    watched_by=or_null(TEXT),
    watched_until=or_null(TIME),
    decided_by=or_null(TEXT),
    approved_by=listed(TEXT),
    decision_reason=or_null(TEXT),
    responded=FLAG,
    note=or_null(TEXT),
    credential=or_null(TEXT),
    credential_used=or_null(TEXT),
    sends=COUNT,
    resend_by=or_null(TIME),
    resolved_as=or_null(one_of(Resolution)),
    resolved_by=or_null(TEXT),
    resolution_reason=or_null(TEXT),
    collected=FLAG,
    drill=or_null(
        members(
            kind=one_of(Kind),
            changed=one_of(Mutation),
            answer=one_of(Answer),
            right=or_null(FLAG),
            said=TEXT,
        )
    ),
)
_INTEGRITY = one_of(("ok", "failed", "shredded"))

COMPONENTS: dict[str, Shape] = {
    "Hold": _HOLD,
    "Line": {
        "allOf": [named("Hold"), members(integrity=_INTEGRITY, method=or_null(TEXT), url=or_null(TEXT))]
    },
    "WholeHold": {
        "allOf": [
            named("Hold"),
            members(
                integrity=_INTEGRITY,
                integrity_reason=or_null(TEXT),
                action=or_null(named("Action")),
                summary=or_null(TEXT),
                quorum=or_null(ANY_OBJECT),
                labels=LABELS,
                talk=or_null(listed(ANY_OBJECT)),
                edited=or_null(listed(ANY_OBJECT)),
                package=or_null(ANY_OBJECT),
                answer=or_null(ANY_OBJECT),
                snapshot=or_null(ANY_OBJECT),
                drift=listed(ANY_OBJECT),
            ),
        ]
    },
    "Passed": members(
        sample_id=TEXT,
        at=TIME,
        tier={"type": "integer", "minimum": 1, "maximum": 2},
        rule=or_null(TEXT),
        reason_id=one_of(ReasonId),
        reason=TEXT,
        method=TEXT,
        url=TEXT,
    ),
    "WholePassed": {
        "allOf": [
            named("Passed"),
            members(
                headers=listed({"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}),
                body_size=COUNT,
                body_b64=TEXT,
                principal=ANY_OBJECT,
                labels=LABELS,
            ),
        ]
    },
    "Action": members(
        method=TEXT,
        url=TEXT,
        headers=listed({"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}),
        credentials=listed(TEXT),
        principal=ANY_OBJECT,
        body_size=COUNT,
        body_text=or_null(TEXT),
        body_b64=TEXT,
    ),
    "Grant": members(
        grant_id=TEXT,
        standing=one_of(("counts", "over", "taken back")),
        who=TEXT,
        reason=TEXT,
        hold_id=TEXT,
        agent=listed(TEXT),
        rule=TEXT,
        shape=TEXT,
        place=TEXT,
        money=or_null(TEXT),
        at=TIME,
        until=TIME,
        count=COUNT,
        left=COUNT,
        uses=listed(TEXT),
        revoked_by=or_null(TEXT),
    ),
    "Page": members(part=TEXT, size=COUNT, offset=COUNT, text=TEXT, b64=TEXT, next=or_null(COUNT)),
    "Server": members(key=TEXT, name=TEXT, place=TEXT, tools=listed(ANY_OBJECT)),
    "Delivery": members(
        delivery_id=TEXT, channel=TEXT, hold_id=TEXT, state=one_of(State), tries=COUNT, why=TEXT
    ),
    "Problem": members(
        type={"type": "string", "pattern": "^urn:sidegate:api:[a-z_]+$"},
        title=TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=TEXT,
    ),
}
