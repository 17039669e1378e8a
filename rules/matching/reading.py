"""Where a condition finds its value in a call, and every way in which a server could read it there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, StrEnum

from rules.call import Call, HttpCall, Pairs, PayloadKind
from rules.headers import Fields
from rules.request.spelling import fold_name
from rules.request.strict_json import Json

type Steps = tuple[str, ...]
"""A dotted path, split; `*` stands for every element of a list or member of an object."""

ANY = "*"

_DOTTED = re.compile(r"[^\[\]]+")
_BRACKETED = re.compile(r"[^\[\].]+(?:\[[^\[\]]+\])+")
_SEPARATORS = re.compile(r"[\[\].]+")


class Source(StrEnum):
    """Which part of a call a condition looks at; the names are those of the rules file."""

    QUERY = "query"
    """The values of the query, by name."""
    HEADERS = "headers"
    """The values of the header fields, by name."""
    BODY = "body"
    """The members of a JSON body or the fields of a form."""
    ARGUMENTS = "arguments"
    """The arguments of a tool call."""


class Gap(Enum):
    """What a condition finds instead of a value."""

    MISSING = "missing"
    """Definitely not there."""
    UNREADABLE = "unreadable"
    """Perhaps there: the gate cannot tell, or not which value it has."""


class Plain(str):
    """Text without a type of its own, from a query, form or header: `10` may mean a number."""

    __slots__ = ()


type Reading = Json | Gap


def readings(call: Call, source: Source, steps: Steps) -> list[Reading]:
    """Every value that some server could find at `steps`; never empty. One reading means no doubt."""
    match call, source:
        case HttpCall(), Source.QUERY:
            doubt = [Gap.UNREADABLE] if call.payload.kind is PayloadKind.OPAQUE else []
            return [*_merged(_pairs(call.query, steps), _body(call, steps)), *doubt]
        case HttpCall(), Source.HEADERS:
            return _headers(call.fields, steps[0])
        case HttpCall(), Source.BODY:
            return _merged(_body(call, steps), _pairs(call.query, steps))
        case HttpCall(), _:
            return [Gap.MISSING]
        case _, Source.ARGUMENTS:
            return readings_in(call.arguments, steps)
        case _:
            return [Gap.MISSING]


def carried(call: Call, steps: Steps) -> list[Reading]:
    """As `readings`, of what a call carries: the body of a request, the arguments of a tool call."""
    return readings(call, Source.BODY if isinstance(call, HttpCall) else Source.ARGUMENTS, steps)


def readings_in(value: Json, steps: Steps) -> list[Reading]:
    """Every value that some reader could find at `steps` of a JSON `value`; never empty."""
    return list(_walk(value, steps))


def _merged(own: list[Reading], other: list[Reading]) -> list[Reading]:
    """Many frameworks look a parameter up in query and body alike, so both are readings."""
    return [*own, *(reading for reading in other if not isinstance(reading, Gap))]


def _body(call: HttpCall, steps: Steps) -> list[Reading]:
    match call.payload.kind:
        case PayloadKind.EMPTY:
            return [Gap.MISSING]
        case PayloadKind.JSON:
            return readings_in(call.payload.value, steps)
        case PayloadKind.FORM:
            return _pairs(_form_pairs(call.payload.value), steps)
        case PayloadKind.OPAQUE:
            return [Gap.UNREADABLE]


def _walk(value: Json, steps: Steps) -> Iterator[Reading]:
    if not steps:
        yield value
        return
    for child in _children(value, steps[0]):
        if isinstance(child, Gap):
            yield child
        else:
            yield from _walk(child, steps[1:])


def _children(value: Json, step: str) -> Sequence[Reading]:
    match value:
        case dict() if step == ANY:
            return list(value.values()) or [Gap.MISSING]
        case dict() if step in value:
            return [value[step]]
        case dict():
            look = fold_name(step)
            return [Gap.MISSING, *(item for name, item in value.items() if fold_name(name) == look)]
        case list() if step == ANY:
            return value or [Gap.MISSING]
        case list() if step.isascii() and step.isdigit():
            return value[int(step) :][:1] or [Gap.MISSING]
        case _:
            return [Gap.UNREADABLE]


def _form_pairs(form: Json) -> Pairs:
    if not isinstance(form, dict):
        return ()
    repeated = ((name, value if isinstance(value, list) else [value]) for name, value in form.items())
    return tuple((name, str(value)) for name, values in repeated for value in values)


def _pairs(pairs: Pairs, steps: Steps) -> list[Reading]:
    """Values by name; `a[b]` and `a.b` are two spellings of the path a.b."""
    if not pairs:
        return [Gap.MISSING]
    look = tuple(fold_name(step) for step in steps)
    exact: list[Reading] = []
    alike: list[Reading] = []
    for name, value in pairs:
        if _fits(_spelled(name), steps):
            exact.append(Plain(value))
        elif _resembles(looks(name), look):
            alike.append(Plain(value))
    return exact + alike if exact else [Gap.MISSING, *alike]


def _spelled(name: str) -> Steps:
    """The path that `name` writes exactly, or no path."""
    if "[" in name and _BRACKETED.fullmatch(name):
        return tuple(name[:-1].replace("][", "[").split("["))
    return tuple(name.split(".")) if _DOTTED.fullmatch(name) else ()


def looks(name: str) -> Steps:
    """The path that a lenient server may take `name` for, as `amount[]` or `Amount` for `amount`."""
    return tuple([fold_name(step) for step in _SEPARATORS.split(name) if step])


def _fits(name: Steps, steps: Steps) -> bool:
    if len(name) != len(steps):
        return False
    return name == steps or all(step in (ANY, part) for part, step in zip(name, steps, strict=True))


def _resembles(name: Steps, look: Steps) -> bool:
    """Also `to=a` and `to[]=a` for the elements of `to`."""
    return _fits(name, look) or (look[-1] == ANY and _fits(name, look[:-1]))


def _headers(fields: Fields, name: str) -> list[Reading]:
    """The values of a header; each member of a list (RFC 9110 section 5.6.1) is a reading too."""
    exact = [v for n, v in fields if n.decode("latin-1").lower() == name]
    look = name.replace("_", "-")
    alike = [v for n, v in fields if n.decode("latin-1").lower().replace("_", "-") == look]
    found = [reading for value in alike for reading in _header_values(value)]
    return found if exact and found else [Gap.MISSING, *found]


def _header_values(value: bytes) -> Iterable[Reading]:
    if not value.isascii():
        return [Gap.UNREADABLE]
    text = value.decode("ascii")
    members = [Plain(member.strip()) for member in text.split(",")] if "," in text else []
    return [Plain(text.strip()), *members]
