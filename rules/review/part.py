"""What would run, part by part: every byte can be opened, and some has to be before anybody approves."""

import hashlib
import json
from dataclasses import dataclass

from rules.action import Action
from rules.call import Call, HttpCall, PayloadKind
from rules.headers import first
from rules.mcp.action import ToolAction
from rules.review.excerpt import Excerpt, excerpt
from rules.review.inert import hides

_MEANT = frozenset({"body", "arguments"})
# What older servers read as ISO 8859-1 (RFC 9110 section 5.5).
_HEAD = frozenset({"target", "headers"})
_ROOM = {"target": 300, "headers": 400, "body": 700, "decoded": 200, "arguments": 700}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part. `unclear`: why it has to be opened whole before an approval; empty where it is all there."""

    name: str
    content: bytes
    shown: Excerpt | None
    """Its beginning; None where it is no text."""
    unclear: str = ""

    @property
    def sha256(self) -> str:
        """By which a reviewer says that it was seen to its end."""
        return hash_of(self.content)


def parts(action: Action | ToolAction, call: Call | None) -> tuple[Part, ...]:
    """All that would run. `call`: its reading, where it has one."""
    meaning = _meaning(call)
    return tuple(
        _part(name, content, meaning if name in _MEANT else "")
        for name, content in contents(action, call).items()
    )


def contents(action: Action | ToolAction, call: Call | None) -> dict[str, bytes]:
    """The bytes of each part, by its name."""
    head = b"".join(b"%b: %b\n" % field for field in action.fields)
    if isinstance(action, ToolAction):
        return ({"headers": head} if head else {}) | {"arguments": action.body}
    found = {"target": action.target.encode("latin-1"), "headers": head, "body": action.body}
    found["decoded"] = _decoded(action, call)
    return {name: content for name, content in found.items() if content or name in _HEAD}


def hash_of(content: bytes) -> str:
    """The hash by which a part is named once it was seen."""
    return hashlib.sha256(content).hexdigest()


def unseen(found: tuple[Part, ...], viewed: frozenset[str]) -> list[str]:
    """The names of parts that have to be opened and were not. `viewed`: the hashes of those that were."""
    return [part.name for part in found if part.unclear and part.sha256 not in viewed]


def _part(name: str, content: bytes, meaning: str = "") -> Part:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        if name not in _HEAD:
            return Part(name=name, content=content, shown=None, unclear="it is not utf-8 text")
        text = content.decode("latin-1")
    shown = excerpt(text, most=_ROOM[name])
    return Part(name=name, content=content, shown=shown, unclear=_unclear(shown, meaning))


def _unclear(shown: Excerpt, meaning: str) -> str:
    if not shown.whole:
        return f"only its beginning is shown here, of {shown.length} characters"
    if shown.unseen or hides(meaning):
        return "it has characters that nobody sees, or that turn the text around them"
    return ""


def _meaning(call: Call | None) -> str:
    """The values of a payload: what escapes stand for is in it."""
    if call is None:
        return ""
    value = call.payload.value if isinstance(call, HttpCall) else call.arguments
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _decoded(action: Action, call: Call | None) -> bytes:
    """What an encoded body says, or nothing where it is not encoded or nobody knows."""
    encoding = first(action.fields, b"content-encoding") or b"identity"
    known = isinstance(call, HttpCall) and call.payload.kind in (PayloadKind.JSON, PayloadKind.FORM)
    if not known or encoding.lower() == b"identity":
        return b""
    return _meaning(call).encode(errors="backslashreplace")
