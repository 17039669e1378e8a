"""The single members of a call as fields of a form: of the kind that their schema or their value has."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from rules.edit import written
from rules.request.strict_json import Json, canonical, parse

MOST_FIELDS = 12
LONGEST = 200
"""Characters of a text that has a field."""

_MOST_CHOICES = 50
_MOST_ABOUT = 160
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")


class Control(StrEnum):
    """What a field takes."""

    TEXT = "text"
    """Any text."""
    NUMBER = "number"
    """A number."""
    WHOLE = "integer"
    """A whole number."""
    FLAG = "flag"
    """True or false."""
    CHOICE = "choice"
    """One of some values."""


_WORDS = {
    Control.TEXT: "a text",
    Control.NUMBER: "a number",
    Control.WHOLE: "a whole number",
    Control.FLAG: "true or false",
    Control.CHOICE: "one of its choices",
}
_KINDS = {
    "string": Control.TEXT,
    "number": Control.NUMBER,
    "integer": Control.WHOLE,
    "boolean": Control.FLAG,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One member. `shown`: what its field says, empty where the call does not have it."""

    member: str
    control: Control
    shown: str
    there: bool = True
    required: bool = False
    choices: tuple[str, ...] = ()
    least: str = ""
    most: str = ""
    longest: int | None = None
    about: str = ""
    """What the tool's own list says of it: a vendor's word."""

    @property
    def bounds(self) -> str:
        """What a number has to be besides, for people."""
        whole = "whole" if self.control is Control.WHOLE else ""
        least, most = (
            f"{word} {bound}" if bound else "" for word, bound in (("from", self.least), ("to", self.most))
        )
        return ", ".join(filter(None, (whole, " ".join(filter(None, (least, most))))))

    def read(self, text: str) -> Json:
        """What the field says. Raises ValueError with what it has to be."""
        value = _value(self.control, text) if self.control is not Control.CHOICE else _choice(self, text)
        if why := self.fault(value):
            raise ValueError(why)
        return value

    def fault(self, value: Json) -> str | None:
        """Why the member cannot be `value`, or None."""
        if not _is(self.control, value, self.choices):
            return f"`{self.member}` has to be {_WORDS[self.control]}"
        if isinstance(value, str):
            return self._too_long(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return None
        if self.least and value < Decimal(self.least):
            return f"`{self.member}` has to be at least {self.least}"
        return (
            f"`{self.member}` may be at most {self.most}"
            if self.most and value > Decimal(self.most)
            else None
        )

    def _too_long(self, value: str) -> str | None:
        if self.longest is None or len(value) <= self.longest:
            return None
        return f"`{self.member}` may have at most {self.longest} characters"


def fields_of(value: Json, schema: Json = None) -> list[Field]:
    """The fields of an object: what it has, then what it could have. `schema`: a tool's, if known."""
    if not isinstance(value, dict):
        return []
    known = _properties(schema)
    own = [_field(name, known.get(name), one) for name, one in value.items() if _is_single(one)]
    further = [_absent(name, one) for name, one in known.items() if name not in value]
    wanted = _required(schema)
    found = [field for field in (*own, *further) if field is not None]
    return [_required_if(field, wanted) for field in found][:MOST_FIELDS]


def fault(before: Json, after: Json, schema: Json) -> str | None:
    """Why a changed call is none that its schema takes, as far as its single members go, or None."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    known, closed = _properties(schema), _closed(schema)
    for name, value in after.items():
        if name in before and canonical(before[name]) == canonical(value):
            continue
        if closed and name not in known:
            return f"the tool takes no `{name}`"
        field = _absent(name, known.get(name))
        if field is not None and (why := field.fault(value)):
            return why
    gone = [name for name in _required(schema) if name in before and name not in after]
    return f"the tool needs `{gone[0]}`" if gone else None


def text_of(value: Json) -> str:
    """What a field says of a value."""
    return value if isinstance(value, str) else written(value)


def _required_if(field: Field, wanted: frozenset[str]) -> Field:
    return replace(field, required=True) if field.member in wanted else field


def _field(name: str, schema: Mapping[str, Json] | None, value: Json) -> Field:
    """A member that is there: its schema counts where its value is what that says."""
    field = _absent(name, schema)
    if field is None or not _is(field.control, value, field.choices):
        field = Field(member=name, control=_kind_of(value), shown="", about=_about(schema or {}))
    return replace(field, shown=text_of(value), there=True)


def _absent(name: str, schema: Mapping[str, Json] | None) -> Field | None:
    """The field of a member by its schema alone; None where that does not say what single value it takes."""
    if schema is None:
        return None
    choices = tuple(_choices(schema))
    kind = schema.get("type")
    found = Control.CHOICE if choices else _KINDS.get(kind) if isinstance(kind, str) else None
    if found is None:
        return None
    longest = schema.get("maxLength")
    return Field(
        member=name,
        control=found,
        shown="",
        there=False,
        choices=choices,
        least=_bound(schema.get("minimum")),
        most=_bound(schema.get("maximum")),
        longest=longest
        if isinstance(longest, int) and not isinstance(longest, bool) and longest >= 0
        else None,
        about=_about(schema),
    )


def _properties(schema: Json) -> dict[str, Mapping[str, Json]]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return {}
    return {name: one for name, one in properties.items() if isinstance(one, dict)}


def _required(schema: Json) -> frozenset[str]:
    required = schema.get("required") if isinstance(schema, dict) else None
    return (
        frozenset(one for one in required if isinstance(one, str))
        if isinstance(required, list)
        else frozenset()
    )


def _closed(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("additionalProperties") is False


def _choices(schema: Mapping[str, Json]) -> Iterator[str]:
    """The texts of an enumeration; none where it has other values, or more than a person can choose from."""
    given = schema.get("enum")
    if (
        isinstance(given, list)
        and 0 < len(given) <= _MOST_CHOICES
        and all(isinstance(one, str) for one in given)
    ):
        yield from (str(one) for one in given)


def _bound(value: Json) -> str:
    # What stored lists say was read by a reader that knows floats.
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    text = str(value) if number else ""
    return text if _PLAIN_NUMBER.fullmatch(text) else ""


def _about(schema: Mapping[str, Json]) -> str:
    about = schema.get("description")
    return about[:_MOST_ABOUT] if isinstance(about, str) else ""


def _is_single(value: Json) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST and value.isprintable()
    return isinstance(value, bool | int | Decimal)


def _kind_of(value: Json) -> Control:
    if isinstance(value, bool):
        return Control.FLAG
    return Control.TEXT if isinstance(value, str) else Control.NUMBER


def _is(kind: Control, value: Json, choices: tuple[str, ...]) -> bool:
    match kind:
        case Control.FLAG:
            return isinstance(value, bool)
        case Control.TEXT:
            return isinstance(value, str)
        case Control.CHOICE:
            return isinstance(value, str) and value in choices
        case _:
            number = isinstance(value, int | Decimal) and not isinstance(value, bool)
            return number and (kind is Control.NUMBER or Decimal(str(value)) % 1 == 0)


def _value(kind: Control, text: str) -> Json:
    if kind is Control.TEXT:
        return text
    try:
        return parse(text.strip().encode("utf-8", "replace"))
    except ValueError:
        return None


def _choice(field: Field, text: str) -> Json:
    return text if text in field.choices else None
