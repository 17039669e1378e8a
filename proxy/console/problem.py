"""Every way in which the console says no: one word, one status, one sentence (RFC 9457)."""

import json
import logging
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from proxy.store.record import StoreUnavailable

logger = logging.getLogger(__name__)


class Obstacle(StrEnum):
    """Why the console does not do what it was asked; the last part of the problem's `type`."""

    NOT_FOUND = "not_found"
    """There is no such hold or address."""
    METHOD_NOT_ALLOWED = "method_not_allowed"
    """The address does not know this method."""
    UNAUTHENTICATED = "unauthenticated"
    """The request carries no reviewer's token."""
    HOST_UNKNOWN = "host_unknown"
    """The request is for another host: a name that was pointed at this address."""
    ORIGIN_FOREIGN = "origin_foreign"
    """A page of another origin sent the request."""
    BODY_TOO_LARGE = "body_too_large"
    """The body is over the limit."""
    BODY_TYPE = "body_type"
    """The body does not say that it is plain JSON."""
    BODY_INCOMPLETE = "body_incomplete"
    """The body did not arrive whole, or not in time."""
    BODY_INVALID = "body_invalid"
    """The body is not one JSON object that can be read in exactly one way."""
    MEMBER_UNKNOWN = "member_unknown"
    """The body holds a member that nobody would read."""
    DIGEST_MISSING = "digest_missing"
    """An approval that does not say what it approves."""
    PREVIEW_MISSING = "preview_missing"
    """An approval of tier 4 that does not say what its reviewer was shown."""
    PREVIEW = "preview"
    """What the reviewer was shown is not what would be shown now."""
    UNSEEN = "unseen"
    """Some of what would run has not been opened to its end."""
    REASON_INVALID = "reason_invalid"
    """The reason is missing, too long or not plain text."""
    TEXT_INVALID = "text_invalid"
    """What is to be told is missing, too long or not plain text."""
    CURSOR_INVALID = "cursor_invalid"
    """The place from which to go on is none."""
    LABEL_INVALID = "label_invalid"
    """What is said of a verdict is none of the words that there are for it."""
    OUTCOME_INVALID = "outcome_invalid"
    """The outcome is none of those that can be found out."""
    TOOLS_INVALID = "tools_invalid"
    """The tools to accept are not named with their hashes."""
    TOOL_CHANGED = "tool_changed"
    """A tool is not what was looked at any more."""
    QUERY_INVALID = "query_invalid"
    """The query asks for something that does not exist."""
    BATCH_INVALID = "batch_invalid"
    """The holds that shall be approved together are not named as they have to be."""
    UNLIKE = "unlike"
    """The holds are not alike enough to be approved together."""
    GRANT_INVALID = "grant_invalid"
    """How long or how often a grant shall count is no such number."""
    UNGRANTABLE = "ungrantable"
    """No grant can cover such calls, or none is given at all."""
    EDIT_INVALID = "edit_invalid"
    """What a call shall be changed into is missing or cannot be read."""
    UNEDITABLE = "uneditable"
    """The call cannot be changed, or not like that."""
    NOT_YOURS = "not_yours"
    """It is another person's word that would be taken back."""
    GRACE = "grace"
    """The time in which an approval can be taken back is over."""
    MOVED = "moved"
    """Others say so much about the hold that nothing could be added."""
    STATE = "state"
    """The hold is in a state in which this cannot happen."""
    LATE = "late"
    """The time to decide has run out."""
    KILLED = "killed"
    """The kill switch is on."""
    DIGEST = "digest"
    """What was looked at is not what would run."""
    INTEGRITY = "integrity"
    """The stored action was changed."""
    HOPELESS = "hopeless"
    """The action could not run, whoever approved it."""
    ROLE = "role"
    """The person's role, or the token's, does not do this."""
    SCOPE = "scope"
    """The hold's tier or amount is not within what the person or the token may decide about."""
    OWN_REQUEST = "own_request"
    """The agent asks for this very person."""
    STEP_UP = "step_up"
    """The decision needs a second factor, which is missing, wrong or was used."""
    LOGIN_FAILED = "login_failed"
    """What a provider says of a login does not prove it."""
    NOBODY = "nobody"
    """A provider has named somebody who is nobody here."""
    PROVIDER = "provider"
    """The provider at which people log in cannot be used."""
    LOCKED_OUT = "locked_out"
    """Too many attempts have failed lately."""
    KEYS = "keys"
    """The keys outside the store cannot be had or made."""
    AUDIT = "audit"
    """The audit trail cannot be written."""
    LINK_GONE = "link_gone"
    """The link of a letter was used, or its time is over."""
    BUSY = "busy"
    """As many as there is room for wait already."""
    STORE_UNAVAILABLE = "store_unavailable"
    """The store does not answer."""
    FAILED = "failed"
    """The console itself failed."""
    REFUSED = "refused"
    """The request cannot be served, for a reason without a word of its own."""


class Problem(Exception):
    """the request is not done; status, obstacle and detail say why and what would help"""

    def __init__(
        self,
        status: int,
        obstacle: Obstacle,
        detail: str,
        *,
        members: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.members = {
            "type": f"urn:sidegate:api:{obstacle}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            **(members or {}),
        }
        self.headers = headers or {}

    def response(self) -> Response:
        """The problem as an answer."""
        return answer(
            self.members,
            status=self.status,
            media_type="application/problem+json",
            headers=self.headers,
        )


def answer(
    members: Mapping[str, object],
    *,
    status: int = 200,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`members` as ASCII JSON: no text in it can act on a terminal or a page."""
    return Response(
        json.dumps(members).encode("ascii"),
        status_code=status,
        media_type=media_type,
        headers={**PRIVATE, **(headers or {})},
    )


PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""On every answer: it is for this reader, now, and exactly of the type it says."""


async def on_problem(_request: Request, error: Exception) -> Response:
    """Answer a problem that a route raised."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class alone
    return error.response()


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the router refuses."""
    return unrouted(request, error).response()


def unrouted(request: Request, error: Exception) -> Problem:
    """What the router refuses, as a problem: unknown addresses and methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - of this class alone are handlers told
    match error.status_code:
        case 404:
            obstacle, detail = Obstacle.NOT_FOUND, f"there is nothing at `{request.url.path}`"
        case 405:
            obstacle = Obstacle.METHOD_NOT_ALLOWED
            detail = f"`{request.url.path}` does not know `{request.method}`"
        case _:
            obstacle, detail = Obstacle.REFUSED, error.detail
    return Problem(error.status_code, obstacle, detail, headers=error.headers)


async def on_store_away(_request: Request, _error: Exception) -> Response:
    """Answer that the store is away; a decision may or may not have been recorded."""
    detail = "the store does not answer: look at the hold again before you decide anew"
    return Problem(503, Obstacle.STORE_UNAVAILABLE, detail).response()


async def on_failure(request: Request, error: Exception) -> Response:
    """Answer an error of the console's own without telling anything about it."""
    logger.error("console.failed method=%s error=%s", request.method, type(error).__name__)
    detail = "the console failed and did not finish this: see its log, and look at the hold again"
    return Problem(500, Obstacle.FAILED, detail).response()


EXCEPTION_HANDLERS = {
    Problem: on_problem,
    HTTPException: on_http_error,
    StoreUnavailable: on_store_away,
    Exception: on_failure,
}
