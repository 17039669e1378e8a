"""One line of the witness, as far as rules are made of it."""

import json
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from rules.normalize import METHODS
from rules.request.authority import split_authority
from rules.verdict import Tier

MAX_LINE = 256 * 1024

_EMPTY = sha256(b"").hexdigest()
_CURE = "give the file that `serve --witness` writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A call that left. `path` is as it went on the wire."""

    method: str
    host: str
    path: str
    tier: Tier
    rule: str | None
    reason_id: str
    empty: bool
    """Whether its body was certainly empty."""


def read_line(line: bytes) -> Seen:
    """The call in one line. Raises ValueError with the reason and the cure."""
    if len(line) > MAX_LINE:
        raise ValueError(f"the line is over {MAX_LINE} bytes; {_CURE}")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise ValueError(f"the line is no json object, or was cut short; {_CURE}, or take the line out")
    method, tier, rule = _text(row, "method"), row.get("tier"), row.get("rule")
    if method not in METHODS:
        raise ValueError(f"`method` is none that the gate lets through; {_CURE}")
    if isinstance(tier, bool) or not isinstance(tier, int) or not 1 <= tier <= len(Tier):
        raise ValueError(f"`tier` is not a number from 1 to 4; {_CURE}")
    if not isinstance(rule, str | None) or "rule" not in row:
        raise ValueError(f"`rule` is neither text nor null; {_CURE}")
    host, path = _place(_text(row, "target"))
    return Seen(
        method=method,
        host=host,
        path=path,
        tier=Tier(tier),
        rule=rule,
        reason_id=_text(row, "reason_id"),
        empty=row.get("body_sha256") == _EMPTY,
    )


def _place(target: str) -> tuple[str, str]:
    try:
        parts = urlsplit(target)
    except ValueError:
        parts = urlsplit("")
    place = split_authority(parts.netloc, 443)
    whole = target.isprintable() and parts.scheme in ("http", "https") and parts.path.startswith("/")
    if place is None or not whole:
        raise ValueError(f"`target` is not scheme, host, port and path; {_CURE}")
    return place[0], parts.path


def _text(row: dict[str, object], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is missing or not text; {_CURE}")
    return value
