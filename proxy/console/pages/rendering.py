"""Templates in which every text is inert: escaped for HTML, and nothing in it unseen or turned around."""

import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from rules.review.inert import visible
from rules.review.money import grouped

_TEMPLATES = Path(__file__).parent / "templates"
_SPELLED = re.compile(r"\\u\{([0-9a-f]{1,6})\}|\\x([0-9a-f]{2})")
_HIGHEST = 0x10FFFF


def environment() -> Environment:
    """The templates of all pages."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_inert,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(badged=badged, grouped=grouped, when=_when, lines=lines)
    return made


def badged(text: object) -> Markup:
    """`text` with a badge in place of everything that nobody would see."""
    shown = visible(_text(text))
    parts, end = [], 0
    for found in _SPELLED.finditer(shown):
        parts += [escape(shown[end : found.start()]), _badge(int(found[1] or found[2], 16))]
        end = found.end()
    return Markup("").join([*parts, escape(shown[end:])])


def lines(content: bytes) -> Markup:
    """A text in its lines, with badges; what is no text, sixteen bytes a line."""
    try:
        text = content.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        return escape("\n".join(_dump(content)))
    return Markup("\n").join(badged(line) for line in text.split("\n"))


def _dump(content: bytes) -> list[str]:
    rows = range(0, len(content), 16)
    return [f"{at:08x}  {content[at : at + 16].hex(' '):47}  {_ascii(content[at : at + 16])}" for at in rows]


def _ascii(row: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)


def _text(value: object) -> str:
    """What an excerpt says: a text, or the beginning of one with its length."""
    if isinstance(value, dict):
        more = "" if value["whole"] else f"... ({value['length']} characters)"
        return f"{value['text']}{more}"
    return str(value)


def _badge(number: int) -> Markup:
    name = unicodedata.name(chr(number), "CONTROL CHARACTER") if number <= _HIGHEST else "NO CHARACTER"
    return Markup('<span class="unseen" title="{}">U+{:04X}</span>').format(name.lower(), number)


def _when(moment: datetime | str) -> Markup:
    """A moment for people and for the script that counts down to it."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return Markup('<time datetime="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), at.strftime("%-d %b %H:%M:%S UTC")
    )


def _inert(value: Any) -> Any:
    """What a template puts out: no text passes without being made visible, whoever wrote the template."""
    return visible(value) if type(value) is str else value
