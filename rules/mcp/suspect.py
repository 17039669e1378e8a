"""What an answer gives away about whoever wrote it: text that only models see, or that instructs them.

Published detectors find half of such texts and cry wolf; these few shapes are ones that honest answers hardly
have. Nothing is milder because of them, and an answer is never kept back.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

from rules.mcp.message import Members
from rules.request.strict_json import Json

MAX_SCANNED = 128 * 1024
"""Characters; what comes later in an answer is not looked at."""
_MAX_PLACES = 64
_AROUND = 200

# Tags of plane 14 spell ASCII that nobody sees; a flag in an emoji is the one honest use.
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")
_UNSEEN = re.compile("[\u200b-\u200d\u202d\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]")
_HIDDEN = re.compile(
    "[\U000e0000-\U000e007f]"
    "|[\u202d\u202e]"
    "|[\u200b-\u200d\u2060-\u2064\ufeff]{8}"
    "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4}"
)
# Letters of another width or style, which a model reads as plain ones.
_STYLED = re.compile("[\uff21-\uff5a\u24b6-\u24e9\U0001d400-\U0001d7ff]{4}")
# Every shape has one of these in it, which are found far faster.
_MARKS = (
    "instruction",
    "system prompt",
    "the user",
    "<important",
    "<information",
    "<system",
    "<secret",
    "please do the following",
    "important message",
    "<|im_",
    "[inst]",
    "tool_result>",
    "function_results>",
)
_SHAPES = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|other|your)\b"
    r".{0,30}\binstructions?\b"
    r"|<\s*(?:important|system|secret|instructions?|information)\s*>.{0,160}\byou(?:r|rs)?\b"
    r"|\b(?:do not|don't|never|without)\b.{0,20}\b(?:tell|telling|mention|mentioning|inform|informing|notify"
    r"|notifying)\b.{0,30}\bthe user\b"
    r"|\bbefore you can\b.{0,80}\bplease do the following\b"
    r"|\bimportant message\b.{0,40}\bfrom me\b.{0,40}\bto you\b"
    r"|\b(?:reveal|print|repeat|output|send|share|post)\b.{0,30}\b(?:your|the) system prompt\b"
    r"|\bnew instructions?\s*:.{0,120}\byou\b"
    r"|<\|im_(?:start|end)\|>\s*(?:system|user|assistant)\b|\[inst\].{0,160}\[/inst\]"
    r"|</(?:[a-z]{1,12}:)?(?:tool_result|function_results)>",
    re.DOTALL,
)


class Suspect(StrEnum):
    """What is suspect about an answer. The value continues "an answer ..."."""

    HIDDEN = "has text in it that people cannot see"
    """Only a model reads it."""
    INSTRUCTS = "has text in it that instructs its reader"
    """It is addressed to a model, which was to get data."""


def suspect(result: Members) -> Suspect | None:
    """What is suspect about a tool's or a resource's result, None for nearly all. Never raises."""
    text = _text(result)
    if not text.isascii():
        if _UNSEEN.search(text) and _HIDDEN.search(_FLAG.sub("", text)):
            return Suspect.HIDDEN
        if _STYLED.search(text):
            text = unicodedata.normalize("NFKC", text)
    low = text.lower()
    return Suspect.INSTRUCTS if any(_SHAPES.search(place) for place in _places(low)) else None


def _places(text: str) -> Iterator[str]:
    """The surroundings of every mark, up to a number."""
    left = _MAX_PLACES
    for mark in _MARKS:
        at = text.find(mark)
        while at >= 0 and left:
            left -= 1
            end = at + len(mark) + _AROUND
            yield text[max(0, at - _AROUND) : end]
            at = text.find(mark, end)


def _text(result: Members) -> str:
    """All that a model reads of `result`, up to a bound."""
    parts: list[str] = []
    left = MAX_SCANNED
    for text in _strings([result.get(name) for name in ("content", "contents", "structuredContent")]):
        parts.append(text[:left])
        left -= len(text)
        if left <= 0:
            break
    return "\n".join(parts)


def _strings(value: Json) -> Iterator[str]:
    """Every text in `value`, but for what is data in another coding."""
    waiting: list[Json] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, dict):
            waiting += [item for name, item in one.items() if name not in ("data", "blob")][::-1]
