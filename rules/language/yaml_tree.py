"""YAML read strictly into JSON values, with the place of each one.

Out of YAML 1.2 only what has one reading is taken: no anchors, aliases, tags or directives, one document,
keys that stand once, and numbers that every program reads as the same number.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 250_000
MAX_FAULTS = 100

type Path = tuple[str | int, ...]
type Place = tuple[int, int]
"""Line and column, both from 1."""
type Value = bool | int | float | str | list[Value] | dict[str, Value] | None

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<rest>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
# What YAML 1.1 or 1.2 calls a number beyond that: octal, hexadecimal, signs, bare dots, infinity.
_NUMBER_LIKE = re.compile(
    r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0b[01_]+|\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)
_MAX_NUMBER_LENGTH = 64
_MAX_INTEGER = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with the text, where it stands."""

    path: Path
    place: Place
    message: str


@dataclass(slots=True, kw_only=True)
class Tree:
    """The values of one document. `places` holds for each path where its key (or list item) stands."""

    value: Value = None
    places: dict[Path, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_tree(text: str) -> Tree:
    """Read `text`; whatever is wrong with it is in the tree's `faults`. Never raises."""
    tree = Tree(places={(): (1, 1)})
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        tree.faults.append(
            _fault((), (1, 1), f"the file is over {MAX_BYTES} bytes; split it into several files")
        )
        return tree
    try:
        _Reader(text, tree).read()
    except _Stop:
        pass
    except (YAMLError, ValueError, OverflowError, RecursionError) as error:
        # ruamel.yaml lets ValueError and OverflowError out for escapes beyond Unicode.
        tree.faults.append(_syntax_fault(text, error))
    return tree


class _Stop(Exception):
    """Reading on makes no sense: the fault that says why is already in the tree."""


class _Reader:
    """One pass over the parser's events: no value is built twice and none is shared."""

    def __init__(self, text: str, tree: Tree) -> None:
        self._tree = tree
        self._left = MAX_VALUES
        self._events: Iterator[events.Event] = YAML(typ="safe", pure=True).parse(text)

    def read(self) -> None:
        """Fill the tree from the first document and refuse a second one."""
        for event in self._events:
            match event:
                case events.StreamStartEvent() | events.StreamEndEvent() | events.DocumentEndEvent():
                    continue
                case events.DocumentStartEvent():
                    self._check_directives(event)
                case _:
                    self._tree.value = self._value(event, ())
                    self._check_end()

    def _value(self, event: events.Event, path: Path) -> Value:
        self._check_bounds(event, path)
        self._check_node(event, path)
        match event:
            case events.ScalarEvent():
                return self._scalar(event, path)
            case events.SequenceStartEvent():
                return self._sequence(path)
            case events.MappingStartEvent():
                return self._mapping(path)
            case _:
                return None

    def _sequence(self, path: Path) -> list[Value]:
        items: list[Value] = []
        for event in self._events:
            if isinstance(event, events.SequenceEndEvent):
                break
            here = (*path, len(items))
            self._tree.places[here] = _place(event)
            items.append(self._value(event, here))
        return items

    def _mapping(self, path: Path) -> dict[str, Value]:
        members: dict[str, Value] = {}
        for event in self._events:
            if isinstance(event, events.MappingEndEvent):
                break
            key = self._key(event, path)
            here = (*path, key)
            if key in members:
                line = self._tree.places[here][0]
                self._refuse(here, event, f"the key stands twice, first in line {line}; keep one of them")
                self._value(next(self._events), (*path, key, "(again)"))
                continue
            self._tree.places[here] = _place(event)
            members[key] = self._value(next(self._events), here)
        return members

    def _key(self, event: events.Event, path: Path) -> str:
        if not isinstance(event, events.ScalarEvent):
            self._refuse(path, event, "a key is not plain text; write the key as one word or quote it")
            raise _Stop
        key: str = event.value
        self._check_node(event, (*path, key))
        if _unwritable(key):
            self._refuse(path, event, "a key is not Unicode text; write it without surrogates")
            raise _Stop
        if event.style is None and key == "<<":
            self._refuse((*path, key), event, "merge keys are not read; write the members out")
        return key

    def _scalar(self, event: events.ScalarEvent, path: Path) -> Value:
        text: str = event.value
        if _unwritable(text):
            self._refuse(path, event, "the text is not Unicode; write it without surrogates")
            return ""
        if event.style is not None:
            return text
        if text in _NULLS:
            return None
        if text in _TRUTHS:
            return _TRUTHS[text]
        number = _number(text)
        if number is None and _NUMBER_LIKE.fullmatch(text):
            self._refuse(
                path,
                event,
                "programs read this as different numbers, or not as one; "
                "write a plain decimal number, or quote it to mean text",
            )
        return text if number is None else number

    def _check_bounds(self, event: events.Event, path: Path) -> None:
        self._left -= 1
        if len(path) > MAX_DEPTH:
            self._refuse(path, event, f"the file is nested deeper than {MAX_DEPTH}; flatten it")
            raise _Stop
        if self._left < 0:
            self._refuse(path, event, f"the file holds over {MAX_VALUES} values; split it")
            raise _Stop

    def _check_node(self, event: events.Event, path: Path) -> None:
        if isinstance(event, events.AliasEvent):
            self._refuse(path, event, "aliases (`*name`) are not read; write the value out")
        elif getattr(event, "anchor", None) is not None:
            self._refuse(path, event, "anchors (`&name`) are not read; leave it out")
        if getattr(event, "tag", None) is not None:
            self._refuse(path, event, "tags (`!name`) are not read; leave it out")

    def _check_directives(self, event: events.DocumentStartEvent) -> None:
        if event.version is not None or event.tags:
            self._refuse((), event, "directives (`%NAME`) are not read; leave them out")

    def _check_end(self) -> None:
        for event in self._events:
            if isinstance(event, events.DocumentStartEvent):
                self._refuse((), event, "a second document starts; keep one document in a file")
                raise _Stop

    def _refuse(self, path: Path, event: events.Event, message: str) -> None:
        self._tree.faults.append(_fault(path, _place(event), message))
        if len(self._tree.faults) >= MAX_FAULTS:
            raise _Stop


def _number(text: str) -> int | float | None:
    """The number that `text` is in JSON's grammar, if every program reads exactly that one."""
    shape = _NUMBER.fullmatch(text) if len(text) <= _MAX_NUMBER_LENGTH else None
    if shape is None:
        return None
    if not shape["rest"]:
        return int(text) if abs(int(text)) <= _MAX_INTEGER else None
    number = float(text)
    exact = math.isfinite(number) and Decimal(repr(number)) == Decimal(text)
    return number if exact else None


def _unwritable(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text) if not text.isascii() else False


def _place(event: events.Event) -> Place:
    return (event.start_mark.line + 1, event.start_mark.column + 1)


def _fault(path: Path, place: Place, message: str) -> Fault:
    return Fault(path=path, place=place, message=message)


def _syntax_fault(text: str, error: Exception) -> Fault:
    cure = "often a quote, a bracket, a space after `:` or the indentation is wrong"
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = " ".join(str(error.problem or error.context or "it breaks off").split())
        return _fault((), place, f"this is not yaml: {what}; {cure}")
    if isinstance(error, ReaderError):
        before = text[: error.position]
        place = (before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        return _fault((), place, "a character here may not stand in yaml; take it out")
    return _fault((), (1, 1), f"this is not yaml: an escape or a number is out of range; {cure}")
