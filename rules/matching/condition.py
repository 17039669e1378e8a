"""Conditions on a call's values.

A condition holds, or does not, only where every reading of the call says so. Everything else is UNKNOWN,
and whoever asks takes unknown for the higher tier.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rules.call import Call
from rules.matching.reading import Gap, Plain, Reading, Source, Steps, readings, readings_in
from rules.matching.truth import Truth, agreed, all_of, any_of, negate
from rules.request.spelling import fold
from rules.request.strict_json import Json

type Operand = bool | int | Decimal | str

# JSON's grammar without exponents: what looks like a number to every program.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_MAX_NUMBER_LENGTH = 64


class Operator(StrEnum):
    """How a value is tested; the names are those of the rules file."""

    EQ = "eq"
    """The same value."""
    NE = "ne"
    """Another value."""
    IN = "in"
    """One of the listed values."""
    NOT_IN = "not_in"
    """None of the listed values."""
    GT = "gt"
    """A greater number."""
    GTE = "gte"
    """A greater or the same number."""
    LT = "lt"
    """A smaller number."""
    LTE = "lte"
    """A smaller or the same number."""
    EXISTS = "exists"
    """There (operand true) or not there (operand false)."""


_ORDERS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One operator with its operands: one or more for IN and NOT_IN, one number for an order, else one."""

    operator: Operator
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """All `checks` hold for the value at `steps` of the call's `source`."""

    source: Source
    steps: Steps
    checks: tuple[Check, ...]

    def holds(self, call: Call) -> Truth:
        """Whether the condition holds for `call`, in all of its readings."""
        return self._agreed(readings(call, self.source, self.steps))

    def holds_in(self, value: Json) -> Truth:
        """Whether it holds for a JSON `value` that stands by itself, such as an answer."""
        return self._agreed(readings_in(value, self.steps))

    def _agreed(self, found: list[Reading]) -> Truth:
        return agreed(all_of(_passes(check, reading) for check in self.checks) for reading in found)


def number(reading: Reading) -> int | Decimal | None:
    """`reading` as the number that every program takes it for, or None."""
    if isinstance(reading, Plain):
        short = len(reading) <= _MAX_NUMBER_LENGTH
        return Decimal(reading) if short and _PLAIN_NUMBER.fullmatch(reading) else None
    if isinstance(reading, bool):
        return None
    return reading if isinstance(reading, int | Decimal) else None


def _passes(check: Check, reading: Reading) -> Truth:
    match check.operator:
        case Operator.EXISTS:
            present = _present(reading)
            return present if check.operands[0] is True else negate(present)
        case Operator.NE | Operator.NOT_IN:
            # INVARIANT: a missing value is not known to differ, since servers put defaults in its place.
            if reading is Gap.MISSING:
                return Truth.UNKNOWN
            return negate(any_of(_equals(reading, operand) for operand in check.operands))
        case _ if reading is Gap.MISSING:
            return Truth.FALSE
        case Operator.EQ | Operator.IN:
            return any_of(_equals(reading, operand) for operand in check.operands)
        case _:
            return _ordered(check, reading)


def _present(reading: Reading) -> Truth:
    if reading is Gap.MISSING:
        return Truth.FALSE
    # Servers differ on whether a null member is there.
    return Truth.UNKNOWN if reading is Gap.UNREADABLE or reading is None else Truth.TRUE


def _equals(reading: Reading, operand: Operand) -> Truth:
    value = _as_type_of(operand, reading)
    if value is None:
        return Truth.UNKNOWN
    if value == operand:
        return Truth.TRUE
    if isinstance(value, str) and isinstance(operand, str) and _look(value) == _look(operand):
        return Truth.UNKNOWN
    return Truth.FALSE


def _ordered(check: Check, reading: Reading) -> Truth:
    bound = check.operands[0]
    value = _as_type_of(bound, reading)
    if value is None:
        return Truth.UNKNOWN
    return Truth.TRUE if _ORDERS[check.operator](value, bound) else Truth.FALSE


def _as_type_of(operand: Operand, reading: Reading) -> Operand | None:
    """`reading` as a value that can be compared with `operand`, or None where types do not allow it."""
    match operand:
        case bool():
            return _boolean(reading)
        case str():
            return reading if isinstance(reading, str) else None
        case _:
            return number(reading)


def _boolean(reading: Reading) -> bool | None:
    if isinstance(reading, Plain):
        return {"true": True, "false": False}.get(reading)
    return reading if isinstance(reading, bool) else None


def _look(text: str) -> str:
    return fold(text).strip()
