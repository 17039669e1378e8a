"""The routes by which people change holds, ask and speak about them, and take their word back."""

from proxy.console.deciding.batches import MOST
from proxy.console.openapi.operation import Operation
from proxy.console.openapi.schemas import (
    COUNT,
    HASH,
    LABELS,
    TEXT,
    TIME,
    VIEWED,
    WORDS,
    listed,
    members,
    named,
    one_of,
    or_null,
    taken,
)
from proxy.console.problem import Obstacle
from rules.quality import HoldLabel

DECIDED = members(now=TIME, hold=named("Hold"))

_EDIT = taken({"digest": TEXT, "body": {}})
_ONE = taken({"hold_id": TEXT, "digest": TEXT, "preview": HASH}, viewed=VIEWED)
_EDITING = {
    400: (Obstacle.DIGEST_MISSING, Obstacle.EDIT_INVALID),
    409: (Obstacle.STATE, Obstacle.LATE, Obstacle.DIGEST, Obstacle.UNEDITABLE, Obstacle.INTEGRITY),
}
_SPEAKING = {400: (Obstacle.TEXT_INVALID,), 409: (Obstacle.STATE, Obstacle.MOVED, Obstacle.INTEGRITY)}

SAYING = {
    "POST /api/holds/approve": Operation(
        summary="approve several that are alike, each as it was shown",
        body=taken({"holds": {"type": "array", "items": _ONE, "minItems": 1, "maxItems": MOST}}),
        answer=members(now=TIME, holds=listed({"type": "object"})),
        problems={
            400: (
                Obstacle.BATCH_INVALID,
                Obstacle.DIGEST_MISSING,
                Obstacle.PREVIEW_MISSING,
                Obstacle.UNSEEN,
            ),
            404: (Obstacle.NOT_FOUND,),
            409: (Obstacle.UNLIKE, Obstacle.INTEGRITY),
        },
    ),
    "POST /api/holds/{hold_id}/undo": Operation(
        summary="take an own approval back",
        body=taken({}),
        answer=DECIDED,
        problems={
            403: (Obstacle.NOT_YOURS,),
            409: (Obstacle.STATE, Obstacle.LATE, Obstacle.GRACE, Obstacle.MOVED, Obstacle.INTEGRITY),
        },
    ),
    "POST /api/holds/{hold_id}/respond": Operation(
        summary="refuse it and answer the agent in its place",
        body=taken({"answer": WORDS}),
        answer=DECIDED,
        problems={400: (Obstacle.TEXT_INVALID,), 409: (Obstacle.STATE,)},
    ),
    "POST /api/holds/{hold_id}/edit/preview": Operation(
        summary="what a change would make of it; nothing is changed",
        body=_EDIT,
        answer=members(
            edit=members(
                tier=COUNT,
                tier_before=COUNT,
                reason=TEXT,
                rule=or_null(TEXT),
                digest=HASH,
                people=COUNT,
                groups=listed(TEXT),
                changes=listed(members(path=TEXT, before=or_null(TEXT), after=or_null(TEXT))),
            )
        ),
        problems=_EDITING,
    ),
    "POST /api/holds/{hold_id}/edit": Operation(
        summary="change what it asks for: the answer's hold takes its place",
        body=_EDIT,
        answer=DECIDED,
        problems=_EDITING,
    ),
    "POST /api/holds/{hold_id}/ask": Operation(
        summary="ask its agent something",
        body=taken({"question": WORDS}),
        answer=DECIDED,
        problems=_SPEAKING,
    ),
    "POST /api/holds/{hold_id}/comment": Operation(
        summary="say something to other people",
        body=taken({"text": WORDS}),
        answer=DECIDED,
        problems=_SPEAKING,
    ),
    "POST /api/holds/{hold_id}/label": Operation(
        summary="say whether it was necessary to hold it",
        body=taken({"label": one_of(HoldLabel)}),
        answer=members(now=TIME, hold=named("Hold"), labels=LABELS),
        problems={400: (Obstacle.LABEL_INVALID,)},
    ),
    "POST /api/holds/{hold_id}/claim": Operation(
        summary="be the one who looks at it",
        body=taken({}),
        answer=DECIDED,
        problems={409: (Obstacle.STATE,)},
    ),
    "POST /api/holds/{hold_id}/unclaim": Operation(
        summary="look at it no longer", body=taken({}), answer=DECIDED, problems={409: (Obstacle.STATE,)}
    ),
}
