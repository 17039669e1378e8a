"""JSON as people write it (comments, trailing commas), and where in the text each value stands."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"(?P<skip>\s+|//[^\n]*|/\*.*?\*/)"
    r'|(?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")'
    r"|(?P<mark>[{}\[\],:])"
    r"|(?P<plain>[-+.0-9A-Za-z]+)",
    re.DOTALL,
)
_MAX_DEPTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value and its place in the text: from `start` up to `end`."""

    value: Any
    start: int
    end: int
    members: dict[str, "Value"] = field(default_factory=dict)
    items: tuple["Value", ...] = ()


def parse(text: str) -> Value:
    """The one value that `text` is. Raises ValueError with the reason."""
    reader = _Reader(text)
    value = reader.value(0)
    if reader.position < len(reader.tokens):
        raise ValueError(f"something follows its end at character {reader.tokens[reader.position].start()}")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[re.Match[str]] = []
        self.position = 0
        at = 0
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is None:
                raise ValueError(f"it is no json at character {at}")
            if token.lastgroup != "skip":
                self.tokens.append(token)
            at = token.end()

    def value(self, depth: int) -> Value:
        token = self._next()
        if depth > _MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {_MAX_DEPTH}")
        match token.group():
            case "{":
                return self._object(token, depth)
            case "[":
                return self._array(token, depth)
            case text:
                return Value(value=_scalar(text, token.start()), start=token.start(), end=token.end())

    def _object(self, begin: re.Match[str], depth: int) -> Value:
        members: dict[str, Value] = {}
        while (end := self._end("}")) is None:
            name = self._next()
            if name.lastgroup != "text" or self._next().group() != ":":
                raise ValueError(f"a member has no name at character {name.start()}")
            key = _scalar(name.group(), name.start())
            if key in members:
                raise ValueError(f"it repeats the member `{key}` at character {name.start()}")
            members[key] = self.value(depth + 1)
            self._separator("}")
        value = {name: inner.value for name, inner in members.items()}
        return Value(value=value, start=begin.start(), end=end, members=members)

    def _array(self, begin: re.Match[str], depth: int) -> Value:
        items: list[Value] = []
        while (end := self._end("]")) is None:
            items.append(self.value(depth + 1))
            self._separator("]")
        value = [item.value for item in items]
        return Value(value=value, start=begin.start(), end=end, items=tuple(items))

    def _end(self, mark: str) -> int | None:
        """The place behind `mark`, which is taken, or None where something else comes."""
        if self._peek() != mark:
            return None
        return self._next().end()

    def _separator(self, end: str) -> None:
        if self._peek() == ",":
            self._next()
        elif self._peek() != end:
            raise ValueError(f"a `,` is missing before character {self._next().start()}")

    def _peek(self) -> str:
        return self.tokens[self.position].group() if self.position < len(self.tokens) else ""

    def _next(self) -> re.Match[str]:
        if self.position >= len(self.tokens):
            raise ValueError("it ends too early")
        self.position += 1
        return self.tokens[self.position - 1]


def _scalar(text: str, at: int) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"it is no json at character {at}") from None
