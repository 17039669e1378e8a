"""Every route of the API: what it is for, what it takes and what it answers.

A route that is not here, or an entry without a route, fails a test.
"""

from proxy.console.openapi.granting import GRANTING
from proxy.console.openapi.operation import Operation, Scope
from proxy.console.openapi.saying import DECIDED, SAYING
from proxy.console.openapi.schemas import (
    ANY_OBJECT,
    COUNT,
    FLAG,
    HASH,
    REASON,
    TEXT,
    TIME,
    VIEWED,
    listed,
    members,
    named,
    one_of,
    or_null,
    taken,
)
from proxy.console.problem import Obstacle
from proxy.console.reading.waiting import MOST_SECONDS
from rules.hold import Resolution, State
from rules.quality import PassLabel

_KEYS = members(keys=listed(TEXT), console=TEXT)
_KILLED = members(killed=FLAG, why=or_null(TEXT))
_REASON = taken({"reason": REASON})
_UNDECIDABLE = (Obstacle.STATE, Obstacle.LATE, Obstacle.KILLED)
_DECIDES = {400: (Obstacle.REASON_INVALID,), 409: _UNDECIDABLE}

_PROBES = {
    "GET /healthz": Operation(
        summary="whether the process lives", scope=Scope.ANYONE, answer=members(alive=FLAG)
    ),
    "GET /readyz": Operation(
        summary="whether it can do its work",
        scope=Scope.ANYONE,
        answer=members(ready=FLAG, checks=ANY_OBJECT, not_ready=listed(TEXT)),
        also={503: members(ready=FLAG, checks=ANY_OBJECT, not_ready=listed(TEXT))},
    ),
    "GET /metrics": Operation(
        summary="all metrics in Prometheus' text format",
        scope=Scope.ANYONE,
        answer=TEXT,
        gives="text/plain",
    ),
}

_READING = {
    "GET /api/openapi.json": Operation(summary="this document", answer=ANY_OBJECT),
    "GET /api/holds": Operation(
        summary="the newest holds in short",
        query={"state": one_of(State), "limit": {"type": "integer", "minimum": 1, "maximum": 200}},
        answer=members(now=TIME, holds=listed(named("Line")), complete=FLAG),
    ),
    "GET /api/holds/{hold_id}": Operation(
        summary="one hold whole, at once or as soon as it differs from what is known",
        query={
            "wait": {"type": "integer", "minimum": 0, "maximum": MOST_SECONDS},
            "unless": {"type": "string", "pattern": f"^({'|'.join(State)})/[1-9][0-9]{{0,8}}$"},
        },
        answer=members(now=TIME, hold=named("WholeHold")),
        problems={503: (Obstacle.BUSY,)},
    ),
    "GET /api/holds/{hold_id}/content": Operation(
        summary="everything that would run, page by page",
        query={"part": TEXT, "offset": {**COUNT, "maximum": 9_999_999_999}},
        needs=("part",),
        answer=members(now=TIME, content=named("Page")),
        problems={409: (Obstacle.INTEGRITY,)},
    ),
    "GET /api/holds/{hold_id}/receipt": Operation(
        summary="what was asked, shown, decided and done, as one signed value",
        query={"document": one_of("01")},
        answer=members(receipt=ANY_OBJECT),
        problems={503: (Obstacle.AUDIT,)},
    ),
    "GET /api/events": Operation(
        summary="changes of holds as they happen, as server-sent events",
        headers={"Last-Event-ID": {"type": "string", "pattern": "^[0-9]{1,18}-[0-9]{1,18}$"}},
        answer=TEXT,
        gives="text/event-stream",
        problems={400: (Obstacle.CURSOR_INVALID,), 503: (Obstacle.BUSY,)},
    ),
}

_PASSED = {
    "GET /api/passed": Operation(
        summary="calls that passed and were kept, those that nobody has labelled or all",
        query={"all": one_of("01")},
        answer=members(now=TIME, passed=listed(named("Passed"))),
    ),
    "GET /api/passed/{sample_id}": Operation(
        summary="one of them whole",
        answer=members(now=TIME, passed=named("WholePassed")),
        problems={404: (Obstacle.NOT_FOUND,)},
    ),
    "POST /api/passed/{sample_id}/label": Operation(
        summary="say whether it was right to let it pass",
        body=taken({"label": one_of(PassLabel)}),
        answer=members(now=TIME, passed=named("WholePassed")),
        problems={400: (Obstacle.LABEL_INVALID,), 404: (Obstacle.NOT_FOUND,)},
    ),
}

_DECIDING = {
    "POST /api/holds/{hold_id}/approve": Operation(
        summary="approve exactly what the digest and the preview name",
        body=taken({"digest": TEXT}, preview=HASH, viewed=VIEWED, code=TEXT),
        answer=DECIDED,
        problems={
            400: (Obstacle.DIGEST_MISSING, Obstacle.PREVIEW_MISSING, Obstacle.UNSEEN, Obstacle.STEP_UP),
            429: (Obstacle.LOCKED_OUT,),
            503: (Obstacle.STEP_UP,),
            409: (
                *_UNDECIDABLE,
                Obstacle.MOVED,
                Obstacle.DIGEST,
                Obstacle.PREVIEW,
                Obstacle.UNSEEN,
                Obstacle.INTEGRITY,
            ),
        },
    ),
    "POST /api/holds/{hold_id}/reject": Operation(
        summary="refuse it; the agent is given the reason",
        body=_REASON,
        answer=DECIDED,
        problems=_DECIDES,
    ),
    "POST /api/holds/{hold_id}/cancel": Operation(
        summary="take it back before it is sent", body=_REASON, answer=DECIDED, problems=_DECIDES
    ),
    "POST /api/holds/{hold_id}/ask-again": Operation(
        summary="a new hold of what did not run because something had changed",
        body=taken({}),
        answer=DECIDED,
        problems={409: (Obstacle.STATE, Obstacle.INTEGRITY, Obstacle.HOPELESS)},
    ),
    "POST /api/holds/{hold_id}/resolve": Operation(
        summary="say what became of an unknown outcome",
        body=taken({"outcome": one_of(Resolution), "reason": REASON}, digest=TEXT, code=TEXT),
        answer=DECIDED,
        problems={
            400: (
                *(Obstacle.OUTCOME_INVALID, Obstacle.REASON_INVALID),
                *(Obstacle.DIGEST_MISSING, Obstacle.STEP_UP),
            ),
            409: (*_UNDECIDABLE, Obstacle.DIGEST, Obstacle.INTEGRITY),
            429: (Obstacle.LOCKED_OUT,),
            503: (Obstacle.STEP_UP,),
        },
    ),
}

_OPERATING = {
    "GET /api/keys": Operation(summary="the keys that are known", scope=Scope.OPERATOR, answer=_KEYS),
    "POST /api/keys/prepare": Operation(
        summary="make the next key without using it",
        scope=Scope.OPERATOR,
        answer=_KEYS,
        problems={409: (Obstacle.KEYS,)},
    ),
    "POST /api/keys/rotate": Operation(
        summary="wrap with the next key from now on",
        scope=Scope.OPERATOR,
        answer=_KEYS,
        problems={409: (Obstacle.KEYS,)},
    ),
    "POST /api/keys/rewrap": Operation(
        summary="wrap one batch of data keys anew",
        scope=Scope.OPERATOR,
        body=taken({"cursor": COUNT}),
        answer=members(cursor=COUNT, looked=COUNT, rewrapped=COUNT, waiting=COUNT, unopened=COUNT),
        problems={400: (Obstacle.CURSOR_INVALID,)},
    ),
    "GET /api/pins": Operation(
        summary="what the tools of MCP servers were when they were trusted, and what changed",
        query={"server": TEXT},
        answer=members(servers=listed(named("Server"))),
    ),
    "POST /api/pins/accept": Operation(
        summary="trust tools as they were looked at",
        body=taken({"key": TEXT, "tools": ANY_OBJECT}),
        answer=named("Server"),
        problems={
            400: (Obstacle.TOOLS_INVALID,),
            404: (Obstacle.NOT_FOUND,),
            409: (Obstacle.TOOL_CHANGED,),
        },
    ),
    "GET /api/deliveries": Operation(
        summary="what channels could not be told, the newest first",
        answer=members(dead=listed(named("Delivery"))),
    ),
    "POST /api/deliveries/again": Operation(
        summary="tell one of them anew",
        body=taken({"delivery_id": TEXT}),
        answer=members(delivery=named("Delivery")),
        problems={404: (Obstacle.NOT_FOUND,)},
    ),
    "GET /api/kill": Operation(summary="whether the kill switch is on", answer=_KILLED),
    "POST /api/kill": Operation(
        summary="switch it on", body=_REASON, answer=_KILLED, problems={400: (Obstacle.REASON_INVALID,)}
    ),
    "DELETE /api/kill": Operation(summary="switch it off", answer=_KILLED),
}

_LINK_REFUSED: dict[int, tuple[Obstacle, ...]] = {
    403: (Obstacle.UNAUTHENTICATED, Obstacle.STATE),
    404: (Obstacle.NOT_FOUND,),
    410: (Obstacle.LINK_GONE,),
}
_CHANNELS = {
    "POST /channels/slack/interactions": Operation(
        summary="what Slack's buttons do",
        scope=Scope.SIGNED,
        body=taken({"payload": TEXT}),
        takes="application/x-www-form-urlencoded",
        gives="",
        problems={
            401: (Obstacle.UNAUTHENTICATED,),
            404: (Obstacle.NOT_FOUND,),
            409: (Obstacle.STATE,),
            503: (Obstacle.FAILED,),
        },
    ),
    "GET /channels/mail/{hold_id}/{seal}": Operation(
        summary="the facts and a form behind a letter's link",
        scope=Scope.SIGNED,
        gives="text/html",
        refuses="text/html",
        problems=_LINK_REFUSED,
    ),
    "POST /channels/mail/{hold_id}/{seal}": Operation(
        summary="decide by that form, once",
        scope=Scope.SIGNED,
        body=taken({"decision": one_of(("approve", "reject"))}, reason=REASON),
        takes="application/x-www-form-urlencoded",
        gives="text/html",
        refuses="text/html",
        problems={**_LINK_REFUSED, 400: (Obstacle.REASON_INVALID,), 409: _UNDECIDABLE},
    ),
}

OPERATIONS: dict[str, Operation] = {
    **_PROBES,
    **_READING,
    **_DECIDING,
    **SAYING,
    **_PASSED,
    **GRANTING,
    **_OPERATING,
    **_CHANNELS,
}
