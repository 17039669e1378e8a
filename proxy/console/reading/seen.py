"""Whether a reviewer was shown what would run: the preview, and the parts that have to be opened."""

import re
from dataclasses import dataclass

from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.packages import Packages
from proxy.console.reading.shown import damaged, summary
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from rules.action import Action
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.request.strict_json import Json
from rules.review.document import preview
from rules.review.part import unseen
from rules.verdict import Tier

_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_VIEWED = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an approval says that its reviewer was shown. `viewed`: hashes of parts."""

    preview: str | None
    viewed: frozenset[str]


def read_named(members: dict[str, Json]) -> Named:
    """The members `preview` and `viewed`, both of which may be missing. Raises Problem."""
    shown, viewed = members.get("preview"), members.get("viewed", [])
    if shown is not None and not _is_hash(shown):
        detail = "`preview` is no hash: send the one that `package` of the hold shows"
        raise Problem(400, Obstacle.PREVIEW_MISSING, detail)
    if not isinstance(viewed, list) or len(viewed) > _MOST_VIEWED or not all(map(_is_hash, viewed)):
        detail = f"`viewed` is no list of up to {_MOST_VIEWED} hashes: send those that `content` ends with"
        raise Problem(400, Obstacle.UNSEEN, detail)
    return Named(preview=str(shown) if shown is not None else None, viewed=frozenset(map(str, viewed)))


async def check_seen(reviewing: Reviewing, hold: Hold, action: Action | ToolAction, named: Named) -> None:
    """Refuse to approve what the reviewer was not shown. Raises Problem."""
    required = reviewing.preview_required
    if named.preview is None and required and hold.tier is Tier.HIGH_RISK:
        detail = "`preview` is missing: read the hold first, then send the preview of its `package`"
        raise Problem(400, Obstacle.PREVIEW_MISSING, detail)
    if named.preview is None and not required:
        return
    try:
        facts = await Packages(reviewing).facts(hold, action)
    except SealError as error:
        raise damaged(hold, error) from error
    if named.preview is not None and named.preview != preview(facts):
        detail = (
            "what is known of this hold is not what that preview showed; nothing was changed: read it again"
        )
        raise _conflict(Obstacle.PREVIEW, hold, detail)
    if hidden := unseen(facts.parts, named.viewed):
        names = ", ".join(f"`{name}`" for name in hidden)
        detail = (
            f"{names} cannot be shown whole on a page; nothing was changed: open each to its end at "
            "`content` and name its hash in `viewed`"
        )
        raise _conflict(Obstacle.UNSEEN, hold, detail)


def _conflict(obstacle: Obstacle, hold: Hold, detail: str) -> Problem:
    return Problem(409, obstacle, detail, members={"why": obstacle, "hold": summary(hold)})


def _is_hash(value: Json) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
