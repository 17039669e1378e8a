"""Which executions the gate saw: those that are exactly what it read, and that its witness has in writing."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.mcp.message import Request, write
from rules.mcp.wire import read_message

_UNAPPROVED = ("danger", "pay")
_NO_ARGUMENT = 0

type Executed = Mapping[str, Any]
"""`{tool, arguments}` as a server wrote it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """One line of the witness: a body that left, and by which hold, if any."""

    body: str
    hold: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """An execution that the gate did not judge as exactly that."""

    payload: str
    server: str
    executed: str
    why: str


def read_witness(lines: Iterable[str]) -> list[Witnessed]:
    """The witness's lines."""
    rows = [json.loads(line) for line in lines if line.strip()]
    return [Witnessed(body=row["body_sha256"], hold=row["hold"]) for row in rows]


def fault(executed: Executed, payload: bytes, *, left: Sequence[Witnessed]) -> str | None:
    """Why an execution without an approval was not seen, None where it was."""
    if executed["tool"] in _UNAPPROVED:
        return "it ran without an approval"
    read = read_message(payload)
    if not isinstance(read, Request):
        return "the gate reads no call in it"
    if read.params.get("name") != executed["tool"] or not same(executed, read.params.get("arguments")):
        return f"the gate reads another call: {read.params}"
    if hashlib.sha256(write(read)).hexdigest() not in {one.body for one in left if one.hold is None}:
        return "no witness has what was read"
    return None


def same(executed: Executed, arguments: object) -> bool:
    """Whether a server that wrote down `executed` was given `arguments`."""
    given = arguments if isinstance(arguments, dict) else {}
    return all(_equal(value, given.get(name, _NO_ARGUMENT)) for name, value in executed["arguments"].items())


def _equal(ran: object, given: object) -> bool:
    given = json.loads(json.dumps(given, default=float))
    if ran == given:
        return True
    # Some servers read text that is JSON as what it stands for: the text is what was judged.
    try:
        return isinstance(given, str) and bool(json.loads(given) == ran)
    except ValueError:
        return False
