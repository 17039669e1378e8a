"""Which calls a compiled rule names, in words for people: all of its match, spelled as in rules files."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal

from rules.matching.asking import Asking
from rules.matching.condition import Check, Condition, Operand, Operator
from rules.matching.pattern import ANYWHERE, Between, Glob, Track
from rules.matching.predicate import Predicate
from rules.ruleset import EVERY, HttpEndpoint, Rule, Test, ToolEndpoint

_SIGNS = {
    Operator.EQ: "is",
    Operator.NE: "is not",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
}


def named(rule: Rule) -> str:
    """One line such as `POST at bank.example, path /transfers/{id}, where body amount > 100`."""
    conditions = " and ".join(map(_test, rule.conditions))
    return _place(rule.endpoint) + (f", where {conditions}" if conditions else "")


def _place(endpoint: HttpEndpoint | ToolEndpoint) -> str:
    if isinstance(endpoint, ToolEndpoint):
        tools = _either("any tool" if track == ANYWHERE else _steps(track) for track in endpoint.tools)
        return f"{tools} of {_names(endpoint.servers, 'any server')}"
    methods = " ".join(sorted(endpoint.methods)) or "any method"
    paths = _either("any path" if track == ANYWHERE else f"path /{_steps(track)}" for track in endpoint.paths)
    return f"{methods} at {_names(endpoint.hosts, 'any host')}, {paths}"


def _names(names: frozenset[str], all_of_them: str) -> str:
    return all_of_them if EVERY in names else _either(sorted(names))


def _steps(track: Track) -> str:
    return "/".join([*map(_glob, track.globs), *(["**"] if track.open_ended else [])])


def _glob(glob: Glob) -> str:
    if glob.gap is None:
        return glob.prefix
    kind = f":{glob.between}" if glob.between is not Between.ANY else ""
    between = f"{{{glob.name}{kind}}}" if glob.name else "*"
    return f"{glob.prefix}{between}{glob.suffix}"


def _test(test: Test) -> str:
    match test:
        case Asking():
            return f"every operation is {_either(map(_glob, test.names))}"
        case Predicate():
            return f"({test.expression.source})"
        case Condition():
            return " and ".join(_checks(test))


def _checks(condition: Condition) -> Iterator[str]:
    value = f"{condition.source} {'.'.join(condition.steps)}"
    return (f"{value} {_required(check)}" for check in condition.checks)


def _required(check: Check) -> str:
    if check.operator is Operator.EXISTS:
        return "is there" if check.operands[0] is True else "is not there"
    return f"{_SIGNS[check.operator]} {', '.join(map(_value, check.operands))}"


def _value(operand: Operand) -> str:
    return str(operand) if isinstance(operand, Decimal) else json.dumps(operand, ensure_ascii=False)


def _either(texts: Iterable[str]) -> str:
    return " or ".join(texts)
