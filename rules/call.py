"""What a request asks for, read in exactly one way: all that classification ever sees."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from rules.headers import Fields
from rules.request.strict_json import Json

if TYPE_CHECKING:  # reading operations needs calls
    from rules.decode.operation import Operation

type Pairs = tuple[tuple[str, str], ...]


class PayloadKind(StrEnum):
    """How far the gate understood a body."""

    EMPTY = "empty"
    """There is no body."""
    JSON = "json"
    """One JSON document, read strictly."""
    FORM = "form"
    """URL-encoded fields; the value maps a name to its text, or to a list where it repeats."""
    OPAQUE = "opaque"
    """Bytes whose meaning the gate does not know: conditions on them are unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The meaning of a body. `value` is None unless the kind is JSON or FORM."""

    kind: PayloadKind
    value: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One HTTP request after normalization: no part of it has a second reading."""

    method: str
    scheme: str
    host: str
    """Lower case, no trailing dot; an IP address in its canonical text without brackets."""
    port: int
    target: str
    """Origin-form, exactly as it goes on the wire."""
    segments: tuple[str, ...]
    """The path's segments, percent-decoded; `/a/` ends in an empty one, `/` is only that."""
    other_paths: tuple[tuple[str, ...], ...] = ()
    """What else servers may read, on hosts whose operator has such paths judged instead of refused."""
    query: Pairs
    """The query's pairs in order, decoded."""
    fields: Fields
    body: bytes
    payload: Payload
    overrides: tuple[str, ...] = ()
    """Names by which the request asks to be treated as another method."""
    operations: "tuple[Operation, ...] | None" = ()
    """What the payload asks for, None where that is not certain. Read once, for all rules that ask."""


def by_path(call: HttpCall) -> list[HttpCall]:
    """The call once for each reading of its path, each with that reading alone."""
    if not call.other_paths:
        return [call]
    return [replace(call, segments=path, other_paths=()) for path in (call.segments, *call.other_paths)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDefinition:
    """What is known of a tool in a server's list: the vendor's and the operator's word, never the agent's."""

    description: str = ""
    read_only: bool | None = None
    """The annotation `readOnlyHint`, None where it is not set."""
    destructive: bool | None = None
    """The annotation `destructiveHint`, None where it is not set."""
    siblings: frozenset[str] = frozenset()
    """The names of all tools in the same list."""
    pack: str = ""
    """Which known server the operator says that it is; empty where nobody says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One MCP `tools/call`. `definition`: the tool's entry in the server's list, where that is known."""

    server: str
    tool: str
    arguments: dict[str, Json]
    definition: ToolDefinition | None = None
    trace: str = field(default="", compare=False)
    """What its message says of the trace that it belongs to; no part of what it asks for."""


type Call = HttpCall | ToolCall
