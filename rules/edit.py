"""What a reviewer may change of a held call: the members of its JSON body, or a tool's arguments.

Everything else stays as it was asked for: the place, the method, the headers, and who asks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.action import Action
from rules.call import Payload, PayloadKind
from rules.classify import classify
from rules.drift.difference import Change, edits
from rules.headers import Fields
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.mcp.headers import agreeing
from rules.mcp.message import text_of
from rules.normalize import normalize
from rules.request.body import read_body
from rules.request.strict_json import Json, parse
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal, Tier, Verdict

# A header that is made of the body's bytes: with another body it would be wrong, and nobody here can make it.
_OF_THE_BODY = re.compile(
    rb".*(signature|digest|hmac|checksum|content-md5|content-sha\d*|x-amz-content-sha256|hash).*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uneditable:
    """Why a call cannot be changed, or not like that. Continues "it cannot be changed: ..."."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A changed call: what would run, what differs, and how the rules of now judge it."""

    action: Action | ToolAction
    changes: tuple[Change, ...]
    judgement: Judgement
    tier: Tier
    """Never below the tier of what the agent asked for."""


def editable(action: Action | ToolAction) -> Json | Uneditable:
    """The members of `action` that may be changed, as values."""
    if isinstance(action, ToolAction):
        return action.arguments
    payload = read_body(action.fields, action.body)
    if not isinstance(payload, Payload) or payload.kind is not PayloadKind.JSON:
        return Uneditable(reason="only a JSON body that was read whole can be, and this is none")
    if header := next(signing(action.fields), None):
        return Uneditable(reason=f"the header `{header}` was made of its body, and would not fit another one")
    return payload.value


def edit(hold: Hold, action: Action | ToolAction, value: Json, ruleset: Ruleset) -> Edited | Uneditable:
    """`action` with `value` in place of its body or its arguments. Never raises."""
    before = editable(action)
    if isinstance(before, Uneditable):
        return before
    if fault := _misfit(action, before, value):
        return Uneditable(reason=fault)
    changed = _with(action, value)
    call = (
        changed.call if isinstance(changed, ToolAction) else normalize(changed.message(), paths=ruleset.paths)
    )
    if isinstance(call, Refusal):
        return Uneditable(reason=call.reason)
    judgement = classify(call, ruleset)
    if judgement.verdict is Verdict.BLOCK:
        return Uneditable(reason=judgement.reason)
    return Edited(
        action=changed,
        changes=edits(before, value),
        judgement=judgement,
        tier=max(hold.tier, judgement.tier),
    )


def _misfit(action: Action | ToolAction, before: Json, value: Json) -> str | None:
    """What is wrong with `value` itself."""
    if isinstance(action, ToolAction) and not isinstance(value, dict):
        return "a tool's arguments are an object"
    if type(value) is not type(before) and isinstance(before, dict | list):
        return f"its body is {'an object' if isinstance(before, dict) else 'a list'}, and has to stay one"
    try:
        # What it was made of may have been read more leniently than a held call is.
        parse(text_of(value).encode())
    except ValueError as error:
        return str(error)
    return None if edits(before, value) else "nothing in it is different"


def _with(action: Action | ToolAction, value: Json) -> Action | ToolAction:
    body = text_of(value).encode("ascii")
    if isinstance(action, ToolAction):
        return replace(action, body=body, fields=agreeing(action.fields, value))
    return replace(action, body=body, fields=tuple(_framed(action.fields, body)))


def _framed(fields: Fields, body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """`fields` as they fit another, plain body."""
    for name, value in fields:
        if name.lower() != b"content-encoding":
            yield name, b"%d" % len(body) if name.lower() == b"content-length" else value


def signing(fields: Fields) -> Iterator[str]:
    """The names of headers that were made of the body, and fit no other one."""
    for name, _ in fields:
        if _OF_THE_BODY.fullmatch(name.lower()):
            yield name.decode("latin-1")


def written(value: Json, *, indent: str = "") -> str:
    """`value` as JSON in lines, for people to change: ASCII, numbers with the digits that they have."""
    inner = f"{indent}  "
    match value:
        case dict() if value:
            members = (f"{inner}{text_of(name)}: {written(one, indent=inner)}" for name, one in value.items())
            return "{\n" + ",\n".join(members) + f"\n{indent}}}"
        case list() if value:
            items = (f"{inner}{written(one, indent=inner)}" for one in value)
            return "[\n" + ",\n".join(items) + f"\n{indent}]"
        case _:
            return text_of(value)
