"""The words of the rules file: what may stand for a tier, a host, a path or a value, else the cure."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, PlainValidator, WithJsonSchema

from rules.headers import CREDENTIALS, HOP_BY_HOP, bound
from rules.language.complaint import quote, suggest
from rules.matching.asking import read_operation
from rules.matching.condition import Operand
from rules.matching.pattern import read_name, read_path
from rules.matching.predicate import read_predicate
from rules.normalize import METHODS
from rules.request.authority import canonical_host
from rules.template import read_probe
from rules.verdict import Tier

_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_STEP = re.compile(r"\*|[0-9]{1,6}|[^*.\[\]]*[^*.\[\]0-9][^*.\[\]]*")
_DURATION = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST_WINDOW = 90 * _SECONDS["d"]
_LEAST_DECISION = 60
_MOST_DECISION = 7 * _SECONDS["d"]
_MOST_LIMIT = 10**9
_MAX_STEPS = 32
_MAX_REASON = 300
_MAX_EVIDENCE = 2_000
_MAX_AGENT = 200
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# What servers and proxies read as something else than a key.
_MEANINGFUL = re.compile(
    r"(?:accept|access-control|content|if|mcp|origin|proxy|sec|x-forwarded|x-http-method|x-method)(?:-.*)?"
    r"|cache-control|date|expect|forwarded|from|host|prefer|range|referer|user-agent|via"
)
_URL = re.compile(r"https?://[^/?#@]+(?:[/?#].*)?", re.DOTALL)


def _version(value: object) -> int:
    if value is True or value != 1 or not isinstance(value, int):
        raise ValueError("the gate reads version 1 of this file; write `version: 1`")
    return 1


def _level(value: object) -> Tier:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= len(Tier):
        raise ValueError("a tier is a number from 1 (only reads) to 4 (cannot be undone)")
    return Tier(value)


def _scalar(value: object) -> Operand:
    match value:
        case float():
            number = Decimal(repr(value))
            return int(number) if number == number.to_integral_value() else number
        case bool() | int() | str():
            return value
        case list():
            raise ValueError("a list is not one value; write `{in: [...]}` to allow several")
        case _:
            raise ValueError("a text, a number, true or false must stand here")


def _number(value: object) -> Operand:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("only numbers have an order; write a number")
    return _scalar(value)


def _limit(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST_LIMIT:
        raise ValueError(f"a limit is a number over 0 and up to {_MOST_LIMIT}")
    return Decimal(repr(value))


def _window(value: object) -> int:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _MOST_WINDOW:
        raise ValueError(f"{_said(value)} is no window; write up to 90 days, as `90s`, `30m`, `24h` or `7d`")
    return seconds


def _said(value: object) -> str:
    return quote(str(value)) if isinstance(value, str | int | float) else "it"


def _decision_window(value: object) -> int:
    seconds = _window(value)
    if not _LEAST_DECISION <= seconds <= _MOST_DECISION:
        raise ValueError(
            f"{_said(value)} is no time to decide; write at least `1m`, and at most `7d`, "
            "for which a hold is kept"
        )
    return seconds


def _status(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise ValueError(f"{_said(value)} is not the status of an answer; write one from 200 to 599")
    return value


def _rule_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(
            f"{quote(text)} is not an id; write lower-case letters, digits, `.`, `_`, `-`, "
            "starting with a letter or digit"
        )
    return text


def _sentence(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > _MAX_REASON:
        raise ValueError(f"write one line of 1 to {_MAX_REASON} printable characters")
    return text


def _host(text: str) -> str:
    name = text.removeprefix("*.")
    spelled = _with_open_part(text) if "*" in name else _without_star(text, name)
    if spelled == name or text == "*":
        return text
    if spelled:
        raise ValueError(f"{quote(text)} has one spelling; write {quote(text[: -len(name)] + spelled)}")
    if "/" in text:
        raise ValueError(f"{quote(text)} is more than a host; write it without scheme and path")
    if ":" in text:
        raise ValueError(f"{quote(text)} has a port; leave it out, a rule counts for every port")
    if "*" in name:
        raise ValueError(
            f"{quote(text)} has a `*` inside; write `*` alone, first, as in `*.pay.test`, or once for a "
            "whole part before the last two, as in `api.*.pay.test`"
        )
    raise ValueError(
        f"{quote(text)} can be read in more than one way; write an ascii name without a last dot, "
        "or an address in its usual form"
    )


def _without_star(text: str, name: str) -> str | None:
    return canonical_host(text) if name == text else (canonical_host(f"a.{name}") or "")[2:]


def _with_open_part(text: str) -> str | None:
    """The one spelling of a host with a `*` for one part before the last two; None if it is none."""
    parts = text.split(".")
    if parts.count("*") != 1 or "*" not in parts[1:-2]:
        return None
    place = parts.index("*")
    spelled = canonical_host(".".join((*parts[:place], "a", *parts[place + 1 :])))
    if spelled is None:
        return None
    same = spelled.split(".")
    return ".".join((*same[:place], "*", *same[place + 1 :]))


def _named_host(text: str) -> str:
    if text == "*":
        raise ValueError("`*` names no host; write each host, or `*.` and a name for all below it")
    return _host(text)


def _method(text: str) -> str:
    if text in METHODS:
        return text
    raise ValueError(f"{quote(text)} is no method the gate knows; {suggest(text, sorted(METHODS))}")


def _path(text: str) -> str:
    read_path(text)
    return text


def _undo_path(text: str) -> str:
    if read_path(text).open_ended:
        raise ValueError(f"{quote(text)} is not one path; write `{{name}}` for each part that varies")
    return text


def _url(text: str) -> str:
    if not _URL.fullmatch(text) or not text.isprintable():
        raise ValueError(f"{quote(text)} is not a whole url; write scheme, host and path")
    return text


def _template(text: str) -> str:
    _sentence(text)
    for name in _PLACEHOLDER.findall(text):
        _placeholder(name)
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise ValueError(f"{quote(text)} has a brace without its other half; write `{{name}}`")
    return text


def _evidence(text: str) -> str:
    flowing = " ".join(text.split())
    if not flowing or not flowing.isprintable() or len(flowing) > _MAX_EVIDENCE:
        raise ValueError(f"evidence is 1 to {_MAX_EVIDENCE} printable characters; write what, and where from")
    return flowing


def _name(text: str) -> str:
    read_name(text)
    return text


def _operation(text: str) -> str:
    read_operation(text)
    return text


def _predicate(text: str) -> str:
    read_predicate(text)
    return text


def _server(text: str) -> str:
    if not text or ("*" in text and text != "*"):
        raise ValueError(f"{quote(text)} is not a server's name; write it whole, or `*` for every server")
    return text


def _member(text: str) -> str:
    steps = text.split(".")
    if len(steps) > _MAX_STEPS or not all(_STEP.fullmatch(step) for step in steps):
        raise ValueError(
            f"{quote(text)} is not a dotted path; write names, list positions or `*`, as in `items.*.kind`"
        )
    return text


def _placeholder(name: str) -> None:
    if name.endswith(":int"):
        raise ValueError(f"`{{{name}}}` has a type, which only `match.path` takes; write `{{{name[:-4]}}}`")
    _member(name)


def _header(text: str) -> str:
    if not _HEADER.fullmatch(text):
        raise ValueError(f"{quote(text)} is not a header's name in lower case; write it as in `x-mode`")
    if not bound(((text.encode(), b""),)):
        raise ValueError(
            f"{quote(text)} is not part of the action that is approved (a credential, a trace id or "
            "for one hop); match on something else"
        )
    return text


def _listed(value: object) -> object:
    # As a tuple, because what a validator hands on counts as Python's own value, not as JSON any more.
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _key_header(text: str) -> str:
    name = text.lower().replace("_", "-")
    if not _HEADER.fullmatch(name):
        raise ValueError(f"{quote(text)} is not a header's name; write it as in `Idempotency-Key`")
    if name.encode() in HOP_BY_HOP | CREDENTIALS or _MEANINGFUL.fullmatch(name):
        raise ValueError(
            f"{quote(text)} means something else to servers than a key; write the header in which the "
            "vendor takes idempotency keys"
        )
    return text


def _short_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{quote(text)} is not a name; write up to 64 letters, digits, `.`, `_`, `-`, "
            "starting with a letter or digit"
        )
    return text


def _agent(text: str) -> str:
    if not text or not text.isprintable() or len(text) > _MAX_AGENT:
        raise ValueError(
            f"{quote(text)} is no agent's name; write its `identity.agent`, 1 to {_MAX_AGENT} printable "
            "characters"
        )
    return text


def _probe_path(text: str) -> str:
    for name in read_probe(text):
        _placeholder(name)
        if "*" in name.split("."):
            raise ValueError(f"`{{{name}}}` may be several values, and a read needs one; name one of them")
    return text


def _several(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,)


_LISTED = (
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
)

_STATUS: dict[str, JsonValue] = {"type": "integer", "minimum": 200, "maximum": 599}

type Version = Annotated[int, PlainValidator(_version), WithJsonSchema({"const": 1})]
type Level = Annotated[Tier, PlainValidator(_level), WithJsonSchema({"enum": [1, 2, 3, 4]})]
type Scalar = Annotated[
    Operand, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
type Number = Annotated[Operand, PlainValidator(_number), WithJsonSchema({"type": "number"})]
type Limit = Annotated[
    Decimal, PlainValidator(_limit), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
type Window = Annotated[
    int, PlainValidator(_window), WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"})
]
type RuleId = Annotated[
    str, AfterValidator(_rule_id), Field(json_schema_extra={"pattern": f"^{_ID.pattern}$"})
]
type Reason = Annotated[str, AfterValidator(_sentence)]
type Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], *_LISTED]
type HostName = Annotated[str, AfterValidator(_named_host)]
type Method = Annotated[str, AfterValidator(_method)]
type Methods = Annotated[tuple[Annotated[str, AfterValidator(_method)], ...], *_LISTED]
type Paths = Annotated[tuple[Annotated[str, AfterValidator(_path)], ...], *_LISTED]
type Servers = Annotated[tuple[Annotated[str, AfterValidator(_server)], ...], *_LISTED]
type Tools = Annotated[tuple[Annotated[str, AfterValidator(_name)], ...], *_LISTED]
type Operations = Annotated[tuple[Annotated[str, AfterValidator(_operation)], ...], *_LISTED]
type ToolName = Annotated[str, Field(min_length=1)]
type UndoPath = Annotated[str, AfterValidator(_undo_path)]
type Url = Annotated[str, AfterValidator(_url)]
type Template = Annotated[str, AfterValidator(_template)]
type Evidence = Annotated[tuple[Annotated[str, AfterValidator(_evidence)], ...], *_LISTED]
type Cel = Annotated[str, AfterValidator(_predicate)]
type MemberPath = Annotated[str, AfterValidator(_member)]
type HeaderName = Annotated[str, AfterValidator(_header)]
type ProbePath = Annotated[str, AfterValidator(_probe_path)]
type AgentName = Annotated[str, AfterValidator(_agent)]
type KeyHeader = Annotated[str, AfterValidator(_key_header)]
type CredentialName = Annotated[str, AfterValidator(_short_name)]
type GroupName = Annotated[str, AfterValidator(_short_name)]
type Statuses = Annotated[
    tuple[Annotated[int, PlainValidator(_status)], ...],
    BeforeValidator(_several),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_STATUS, {"type": "array", "items": _STATUS, "minItems": 1}]}),
]
type DecisionWindow = Annotated[
    int,
    PlainValidator(_decision_window),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"}),
]
