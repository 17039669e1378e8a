"""What a form says: bounded, each field once, and none that nobody would read."""

from collections.abc import Collection
from urllib.parse import parse_qsl

from starlette.requests import Request

from proxy.console.body import check_names, read_content
from proxy.console.problem import Obstacle, Problem

_MOST_FIELDS = 16


async def read_form(request: Request, *, names: Collection[str]) -> dict[str, str]:
    """The fields of a URL-encoded form, none of them outside `names`. Raises Problem."""
    media = request.headers.get("content-type", "").lower().partition(";")[0].strip()
    if media != "application/x-www-form-urlencoded" or "content-encoding" in request.headers:
        raise Problem(415, Obstacle.BODY_TYPE, "this is no form of a page: load the page again")
    content = await read_content(request)
    try:
        pairs = parse_qsl(
            content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        detail = "the form cannot be read: load the page again"
        raise Problem(400, Obstacle.BODY_INVALID, detail) from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Problem(400, Obstacle.BODY_INVALID, "the form says something twice: load the page again")
    check_names(fields, names)
    return fields
