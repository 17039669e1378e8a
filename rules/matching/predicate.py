"""Conditions written in CEL, the Common Expression Language.

The library gives an expression its meaning. What stands here is when the gate may rely on it: on values
that every server reads in the same way. Everything else is UNKNOWN.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rules.call import Call, HttpCall, Payload, PayloadKind, ToolCall
from rules.headers import bound
from rules.language.complaint import quote
from rules.matching.expression import HTTP, TOOL, Expression, Literal, exact, read_expression
from rules.matching.reading import looks
from rules.matching.truth import Truth
from rules.request.spelling import fold, fold_name
from rules.request.strict_json import Json

if TYPE_CHECKING:
    from cel_expr_python import cel

MAX_VALUES = 2_000
MAX_DEPTH = 64
MAX_CHARACTERS = 65_536

_COMPLAINT = re.compile(r"<input>:([0-9]+):([0-9]+): (?:Syntax error: )?(.+)")
_TRUTHS = {True: ("true", "1", "yes", "y", "t", "on"), False: ("false", "0", "no", "n", "f", "off", "")}


class _Undecided(Exception):
    """Servers could differ on what the expression would look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """One compiled expression."""

    expression: Expression
    program: "cel.Expression" = field(compare=False, repr=False)
    looks: frozenset[str] = field(compare=False, repr=False)
    """The names in the expression, folded."""
    values: Mapping[str, tuple[Literal, ...]] = field(compare=False, repr=False)
    """Its values, by what they may be spelled like."""
    kinds: frozenset[str] = field(compare=False, repr=False)
    sought: tuple[tuple[str, str], ...] = field(compare=False, repr=False)
    """Its texts with what they look like, if parts of a text are looked for."""

    def holds(self, call: Call) -> Truth:
        """Whether it is true of `call`.

        INVARIANT: what is missing, of another type, over a bound or open to two readings is UNKNOWN.
        """
        try:
            seen = {name: self._value(name, call) for name in self.expression.variables}
            found = self.program.eval(data=seen).value()
        except (_Undecided, RuntimeError, ValueError, TypeError, ArithmeticError, LookupError):
            return Truth.UNKNOWN
        if found is True:
            return Truth.TRUE
        return Truth.FALSE if found is False else Truth.UNKNOWN

    def _value(self, name: str, call: Call) -> object:
        if isinstance(call, ToolCall):
            value: Json = call.arguments if name == "arguments" else getattr(call, name)
            return self._plain(value, name)
        return self._of_request(name, call)

    def _of_request(self, name: str, call: HttpCall) -> object:
        match name:
            case "host":
                return self._plain(call.host)
            case "method" if not call.overrides:
                return call.method
            case "path":
                return self._plain("/" + "/".join(call.segments))
            case "headers":
                return self._headers(call)
            case "query":
                self._refuse_names_in(call.payload)
                return self._pairs(call.query)
            case "body":
                if any(self._resembles(name) for name, _ in call.query):
                    raise _Undecided
                return self._body(call)
            case _:
                raise _Undecided

    def _body(self, call: HttpCall) -> object:
        match call.payload.kind:
            case PayloadKind.EMPTY:
                return {}
            case PayloadKind.JSON:
                return self._plain(call.payload.value, "body")
            case PayloadKind.FORM if isinstance(call.payload.value, dict):
                return self._pairs(_pairs_of(call.payload.value))
            case _:
                raise _Undecided

    def _headers(self, call: HttpCall) -> dict[str, str]:
        pairs = [(name.decode("latin-1").lower(), value) for name, value in call.fields]
        asked = [(name, value) for name, value in pairs if name.replace("_", "-") in self.looks]
        if any("_" in name or b"," in value for name, value in asked):
            raise _Undecided
        named = self._pairs([(name, value.decode("ascii").strip()) for name, value in asked])
        return {name: "" for name, _ in pairs} | named

    def _pairs(self, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Pairs as a map; a name that is asked for and stands twice, or is a path, has no certain value."""
        asked = [name for name, _ in pairs if self._resembles(name)]
        if len(set(asked)) < len(asked) or not self.expression.names.issuperset(asked):
            raise _Undecided
        values = dict(pairs)
        self._plain(dict(values))
        return values

    def _resembles(self, name: str) -> bool:
        """Whether a server may take `name` for one that the expression has."""
        return not self.looks.isdisjoint((fold_name(name), *looks(name)))

    def _refuse_names_in(self, payload: Payload) -> None:
        """Many frameworks look a parameter up in query and body alike."""
        names = (name for name, _ in _walk(payload.value) if name is not None)
        if payload.kind is PayloadKind.OPAQUE or any(self._resembles(name) for name in names):
            raise _Undecided

    def _plain(self, value: Json, variable: str = "") -> object:
        """`value` as the library takes it, if every part of it has one reading.

        INVARIANT: all of it is checked. Only what the expression can ask for is converted, which costs more.
        """
        parts = list(_walk(value))
        for name in {name for name, _ in parts} - self.expression.names:
            if name is not None and (fold_name(name) in self.looks or self._inside(name)):
                raise _Undecided
        leaves = [(name, part) for name, part in parts if not isinstance(part, dict | list)]
        for name, leaf in leaves:
            if name in self.expression.names and (leaf is None or self._of_other_kind(name, leaf)):
                raise _Undecided
        # A list of things has the same few values again and again; True is not 1.
        for _, leaf in {(type(leaf), leaf) for _, leaf in leaves}:
            self._check_leaf(leaf)
        members = self.expression.members.get(variable)
        if members is not None and isinstance(value, dict):
            value = {name: part for name, part in value.items() if name in members}
        return _converted(value)

    def _check_leaf(self, leaf: Json) -> None:
        if isinstance(leaf, str):
            _check_text(leaf)
        elif not isinstance(leaf, bool) and isinstance(leaf, int | Decimal) and not exact(leaf):
            raise _Undecided
        if leaf is not None and self._alike(leaf):
            raise _Undecided

    def _of_other_kind(self, name: str | None, part: Json) -> bool:
        """Whether a member is of a kind that nothing in the expression is: a server may convert it."""
        return bool(self.kinds) and name in self.expression.compared and _kind(part) not in self.kinds

    def _alike(self, part: Json) -> bool:
        """Whether a server may take `part` for one of the expression's values that it is not."""
        found = [literal for spelling in _spellings(part) for literal in self.values.get(spelling, ())]
        if found and any(_kind(part) != _kind(literal) or part != literal for literal in found):
            return True
        return isinstance(part, str) and self._inside(part)

    def _inside(self, text: str) -> bool:
        """Whether a part that is looked for is in `text` for a lenient reader only."""
        if not self.sought:
            return False
        look = _look(text)
        return any(part in look and literal not in text for literal, part in self.sought)


def read_predicate(source: str) -> Predicate:
    """The condition that `source` writes. Raises ValueError with the place and the cure."""
    expression = read_expression(source)
    _check_variables(expression.variables)
    _check_headers(expression.headers)
    program = _compiled(source)
    texts = [literal for literal in expression.literals if isinstance(literal, str)]
    values: dict[str, tuple[Literal, ...]] = {}
    for literal in expression.literals:
        for spelling in _spellings(literal):
            values[spelling] = (*values.get(spelling, ()), literal)
    return Predicate(
        expression=expression,
        program=program,
        looks=frozenset(fold_name(name) for name in expression.names),
        values=values,
        kinds=frozenset(map(_kind, expression.literals)),
        sought=tuple((text, _look(text)) for text in texts) if expression.within else (),
    )


def _compiled(source: str) -> "cel.Expression":
    """The library's own form of `source`. Raises ValueError."""
    from cel_expr_python import cel

    try:
        program = _environment().compile(source)
    except RuntimeError as error:
        raise ValueError(f"it is no expression of cel: {_said(str(error))}") from None
    if program.return_type() != cel.Type.BOOL:
        raise ValueError("it is not true or false; write a comparison, as in `body.live == true`")
    return program


@lru_cache(maxsize=1)
def _environment() -> "cel.Env":
    """What expressions may name. The library takes 7 MB, and most rules have no expression."""
    from cel_expr_python import cel

    texts = cel.Type.Map(cel.Type.STRING, cel.Type.STRING)
    types = {
        "query": texts,
        "headers": texts,
        "body": cel.Type.DYN,
        "arguments": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    }
    return cel.NewEnv(variables={name: types.get(name, cel.Type.STRING) for name in HTTP + TOOL})


def _check_variables(used: frozenset[str]) -> None:
    if not used:
        raise ValueError(f"it asks nothing of a call; write one of {', '.join(HTTP + TOOL)}")
    if used & set(HTTP) and used & set(TOOL):
        raise ValueError("it asks for parts of a request and of a tool call; write two rules")
    if {"query", "body"} <= used:
        raise ValueError("servers take a parameter from either; write one of the two with its own key")


def _check_headers(names: frozenset[str]) -> None:
    for name in sorted(names):
        if name != name.lower() or not bound(((name.encode(), b""),)):
            raise ValueError(
                f"{quote(name)} is no header in lower case that is part of the action; use another one"
            )


def _said(error: str) -> str:
    """The library's first complaint, with its place."""
    found = _COMPLAINT.search(error)
    place, said = (f"at line {found[1]}, column {found[2]}, ", found[3]) if found else ("", error)
    said = said.partition(" expecting")[0].partition(" (in container")[0].partition(" [")[0]
    return f"{place}{said[:200]}"


def _walk(value: Json) -> Iterator[tuple[str | None, Json]]:
    """Every part of `value` with its name, within the bounds."""
    stack: list[tuple[str | None, Json, int]] = [(None, value, 0)]
    count = characters = 0
    while stack:
        name, part, depth = stack.pop()
        count += 1
        if name is not None:
            characters += len(name)
            _check_text(name)
        if isinstance(part, str):
            characters += len(part)
        if count > MAX_VALUES or characters > MAX_CHARACTERS or depth > MAX_DEPTH:
            raise _Undecided
        yield name, part
        if isinstance(part, dict):
            stack += [(key, below, depth + 1) for key, below in part.items()]
        elif isinstance(part, list):
            stack += [(None, below, depth + 1) for below in part]


def _converted(value: Json) -> Any:
    """What has been checked, with the library's numbers."""
    if isinstance(value, dict):
        return {name: _converted(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_converted(below) for below in value]
    return float(value) if isinstance(value, Decimal) else value


def _check_text(text: str) -> None:
    if not text.isascii():
        text.encode()  # raises ValueError for surrogates


def _pairs_of(form: Mapping[str, Json]) -> list[tuple[str, str]]:
    several = ((name, value if isinstance(value, list) else [value]) for name, value in form.items())
    return [(name, str(value)) for name, values in several for value in values]


def _kind(value: object) -> str:
    return "truth" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def _spellings(value: object) -> tuple[str, ...]:
    """How servers write what they take for `value`."""
    return _TRUTHS[value] if isinstance(value, bool) else (_look(str(value)),)


def _look(text: str) -> str:
    return fold(text).strip().rstrip("/")
