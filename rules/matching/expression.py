"""What stands in a CEL expression: its words and values, or why the gate does not take it.

The library reads and checks the language. This reader comes first and knows two things that it does not:
which words look like others to a lenient server, and which parts of the language would not be exact.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rules.language.complaint import quote, suggest

HTTP = ("host", "method", "path", "query", "headers", "body")
TOOL = ("server", "tool", "arguments")
FUNCTIONS = ("has", "size", "all", "exists", "exists_one", "startsWith", "endsWith", "contains")
MAX_LENGTH = 1_000
MAX_INTEGER = 2**53 - 1

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"\\\n]*"|'[^'\\\n]*')"""
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?![\w.]))"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?!['\"]))"
    r"|(?P<mark>&&|\|\||[=!<>]=|[!<>?:.,()\[\]-]))",
    re.ASCII,
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_WITHIN = frozenset({"startsWith", "endsWith", "contains"})
_SUBJECTS = frozenset({")", "]"})

type Literal = str | bool | int | Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One word, text, number or mark; `at` is where it starts, from 1."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """An expression that may be compiled, with all that a call is searched for."""

    source: str
    variables: frozenset[str]
    names: frozenset[str]
    """Every word and text: each could be a member's name."""
    compared: frozenset[str]
    """Those that are not only asked for by `has`."""
    literals: tuple[Literal, ...]
    headers: frozenset[str]
    """The header fields that it asks for."""
    within: bool
    """Whether parts of a text are looked for."""
    members: Mapping[str, frozenset[str]]
    """Variables of which it asks for nothing but these members: the rest of them makes no difference."""


def read_expression(source: str) -> Expression:
    """The parts of `source`. Raises ValueError with the place and the cure."""
    if not source.strip() or len(source) > MAX_LENGTH:
        raise ValueError(f"an expression is 1 to {MAX_LENGTH} characters; write several conditions")
    tokens = list(_tokens(source))
    _check(tokens)
    free = list(_outside_of_has(tokens))
    return Expression(
        source=source,
        variables=_variables(tokens),
        names=frozenset(_names(tokens)),
        compared=frozenset(_names(free)),
        literals=tuple(_literals(tokens)),
        headers=frozenset(_headers(tokens)),
        within=any(token.text in _WITHIN for token in tokens if token.kind == "word"),
        members=_members(tokens),
    )


def _tokens(source: str) -> Iterator[Token]:
    at, end = 0, len(source.rstrip())
    while at < end:
        match = _TOKEN.match(source, at)
        if match is None or match.lastgroup is None:
            rest = source[at:].lstrip()
            raise ValueError(_refusal(rest, len(source) - len(rest) + 1))
        yield Token(kind=match.lastgroup, text=match[match.lastgroup], at=match.start(match.lastgroup) + 1)
        at = match.end()


def _refusal(rest: str, at: int) -> str:
    shown = quote(rest[:10])
    if rest[0] in "+*/%":
        cure = "nothing is computed here, because that would round; compare values as they are"
    elif rest[0] in "{}":
        cure = "there are no maps here; compare members one by one"
    elif "\\" in rest or rest[0] in "'\"" or re.match(r"[A-Za-z]+['\"]", rest):
        cure = "a text stands in one pair of quotes, without back slashes and prefixes"
    elif rest[0].isdigit():
        cure = "a number is written with digits and at most one point"
    else:
        cure = "write comparisons with `&&`, `||`, `!`, as in `body.amount < 100 && body.currency == 'usd'`"
    return f"at character {at}, {shown} cannot be read: {cure}"


def _check(tokens: Sequence[Token]) -> None:
    before = Token(kind="mark", text="(", at=0)
    for n, token in enumerate(tokens):
        after = tokens[n + 1 : n + 3]
        following = [t.text for t in after]
        match token.kind, token.text:
            case "mark", "[" if _is_subject(before):
                _check_index(token, after)
            case "mark", "-" if _is_subject(before):
                raise ValueError(f"at character {token.at}, {_refusal('+', token.at).partition(': ')[2]}")
            case "word", name if following[:1] == ["("] and name not in FUNCTIONS and name != "in":
                raise ValueError(
                    f"at character {token.at}, {quote(name)} is no function here; "
                    f"{suggest(name, list(FUNCTIONS))}"
                )
            case "number", digits:
                _check_number(token, digits)
        before = token


def _is_subject(token: Token) -> bool:
    """Whether what follows `token` continues a value."""
    return token.text in _SUBJECTS if token.kind == "mark" else token.text != "in"


def _check_index(token: Token, after: Sequence[Token]) -> None:
    """INVARIANT: which member is read is written in the rule; a name that the call brings could be any."""
    if [t.text for t in after[1:]] != ["]"] or after[0].kind not in ("text", "number"):
        raise ValueError(f"at character {token.at}, in `[...]` there must stand one text or position")


def _check_number(token: Token, digits: str) -> None:
    """INVARIANT: of two numbers that are exact as doubles, CEL's order is that of the decimals."""
    if not exact(Decimal(digits)):
        raise ValueError(
            f"at character {token.at}, {quote(digits)} has more digits than are compared exactly"
        )


def exact(number: Decimal | int) -> bool:
    """Whether `number` is compared without rounding by a reader that keeps it as a 64-bit number."""
    if isinstance(number, int):
        return abs(number) <= MAX_INTEGER
    return abs(number) <= MAX_INTEGER and Decimal(repr(float(number))) == number


def _outside_of_has(tokens: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for n, token in enumerate(tokens):
        if depth or (token.text == "(" and n and tokens[n - 1].text == "has"):
            depth += (token.text == "(") - (token.text == ")")
        else:
            yield token


def _variables(tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset(
        token.text
        for n, token in enumerate(tokens)
        if token.kind == "word" and token.text in HTTP + TOOL and (not n or tokens[n - 1].text != ".")
    )


def _members(tokens: Sequence[Token]) -> dict[str, frozenset[str]]:
    """For each variable the members that it is asked for; without those that are asked for as a whole."""
    asked: dict[str, set[str]] = {}
    whole: set[str] = set()
    for n, token in enumerate(tokens):
        if token.kind == "word" and token.text in HTTP + TOOL and (not n or tokens[n - 1].text != "."):
            member = _member(tokens[n + 1 : n + 4])
            if member is None:
                whole.add(token.text)
            else:
                asked.setdefault(token.text, set()).add(member)
    return {name: frozenset(members) for name, members in asked.items() if name not in whole}


def _member(after: Sequence[Token]) -> str | None:
    """The member that stands behind a variable, as `.name` or `["name"]`; None for anything else."""
    if len(after) < 2:
        return None
    mark, name = after[0].text, after[1]
    if mark == "[" and name.kind == "text":
        return name.text[1:-1]
    called = [token.text for token in after[2:]] == ["("]
    return name.text if mark == "." and name.kind == "word" and not called else None


def _names(tokens: Sequence[Token]) -> Iterator[str]:
    """Members' names: words that are neither variables nor functions, and all texts."""
    for n, token in enumerate(tokens):
        called = [t.text for t in tokens[n + 1 : n + 2]] == ["("]
        member = n > 0 and tokens[n - 1].text == "."
        if token.kind == "text":
            yield token.text[1:-1]
        elif token.kind == "word" and member and not called:
            yield token.text


def _headers(tokens: Sequence[Token]) -> Iterator[str]:
    for variable, bracket, name in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (variable.text, bracket.text, name.kind) == ("headers", "[", "text"):
            yield name.text[1:-1]


def _literals(tokens: Sequence[Token]) -> Iterator[Literal]:
    for before, token in zip((None, *tokens), tokens, strict=False):
        constant = _CONSTANTS.get(token.text) if token.kind == "word" else None
        if token.kind == "text":
            yield token.text[1:-1]
        elif token.kind == "number":
            number = Decimal(token.text)
            yield -number if before is not None and before.text == "-" else number
        elif constant is not None:
            yield constant
