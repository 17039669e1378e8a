"""Long text cut to what a page has room for: how long it is, what it hides, and where the rest is."""

import json
from dataclasses import dataclass

from rules.review.inert import hides, visible

_LONGEST_SPELLING = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The beginning of a text, inert. `length`: of the whole text, in characters."""

    text: str
    length: int
    whole: bool = True
    unseen: bool = False
    """Whether some of it is spelled out because nobody would see it."""

    def as_json(self) -> dict[str, object] | str:
        """The text alone where there is nothing else to say."""
        if self.whole and not self.unseen:
            return self.text
        return {"text": self.text, "length": self.length, "whole": self.whole, "unseen": self.unseen}


def excerpt(text: str, *, most: int) -> Excerpt:
    """At most `most` characters of JSON that show `text`."""
    # Every character takes one of JSON at least, so what lies behind cannot be shown anyhow.
    shown = _cut(visible(text[: most + 1]), most)
    whole = len(text) <= most and shown == visible(text)
    return Excerpt(text=shown, length=len(text), whole=whole, unseen=hides(text))


def short(text: str, *, most: int) -> str:
    """`text` inert in at most `most` characters of JSON, with its length where it was cut."""
    cut = excerpt(text, most=most)
    if cut.whole:
        return cut.text
    note = f"... ({cut.length} characters)"
    return _cut(cut.text, most - len(note)) + note


def _cut(shown: str, most: int) -> str:
    """The longest beginning of `shown` that JSON writes in `most` characters."""
    if len(shown) <= most // _LONGEST_SPELLING or _size(shown) <= most:
        return shown
    low, high = 0, min(len(shown), most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size(shown[:middle]) <= most else (low, middle - 1)
    return shown[:low]


def _size(text: str) -> int:
    return len(json.dumps(text)) - 2
