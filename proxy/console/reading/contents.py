"""Everything that would run, page by page: no byte of it is out of a reviewer's sight."""

import asyncio
import base64
import re

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reading.holds import find
from proxy.console.reading.packages import read
from proxy.console.reading.shown import damaged
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from rules.hold import Hold
from rules.review.inert import visible
from rules.review.part import contents, hash_of

PAGE_BYTES = 64 * 1024
_OFFSET = re.compile(r"0|[1-9][0-9]{0,9}")
_CONTINUED = 0b10
_DECODED = "decoded"


class Contents:
    """The route that shows them."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def show(self, request: Request) -> Response:
        """A page of one part, from an offset in bytes; the part's hash on the page that ends it."""
        name, offset = _read_query(request)
        hold = await find(self._reviewing, request)
        content = await content_of(self._reviewing, hold, name, offset=offset)
        return answer({"now": self._reviewing.now().isoformat(), "content": _page(name, content, offset)})


async def content_of(reviewing: Reviewing, hold: Hold, name: str, *, offset: int = 0) -> bytes:
    """The whole of one part, which reaches to `offset` at least. Raises Problem."""
    try:
        action = await reviewing.action(hold)
    except SealError as error:
        raise damaged(hold, error) from error
    # Only what is decoded needs a reading, which takes its time.
    ruleset = reviewing.ruleset()
    call = await asyncio.to_thread(read, action, ruleset) if name == _DECODED else None
    found = contents(action, call)
    if name not in found or offset > len(found[name]):
        named = ", ".join(f"`{one}` of {len(content)} bytes" for one, content in found.items())
        detail = f"there is nothing at `{name[:64]}` from byte {offset}: this hold has {named}"
        raise Problem(400, Obstacle.QUERY_INVALID, detail)
    return found[name]


def _page(name: str, content: bytes, offset: int) -> dict[str, object]:
    end = page_end(content, offset)
    page = content[offset:end]
    complete = end == len(content)
    return {
        "part": name,
        "size": len(content),
        "offset": offset,
        "text": visible(page.decode("utf-8", "backslashreplace")),
        "b64": base64.b64encode(page).decode("ascii"),
        "next": None if complete else end,
        "sha256": hash_of(content) if complete else None,
    }


def page_end(content: bytes, offset: int) -> int:
    """Where the page ends: before a character that does not fit on it whole."""
    end = min(offset + PAGE_BYTES, len(content))
    whole = end
    while offset < whole < len(content) and end - whole < 4 and content[whole] >> 6 == _CONTINUED:
        whole -= 1
    return whole if whole > offset and content[whole : whole + 1] and end - whole < 4 else end


def _read_query(request: Request) -> tuple[str, int]:
    pairs = request.query_params.multi_items()
    asked = dict(pairs)
    offset = asked.get("offset", "0")
    wrong = len(asked) != len(pairs) or asked.keys() - {"part", "offset"} or "part" not in asked
    if wrong or not _OFFSET.fullmatch(offset):
        detail = "the query knows `part`, which it needs, and `offset` in bytes, each once"
        raise Problem(400, Obstacle.QUERY_INVALID, detail)
    return asked["part"], int(offset)
