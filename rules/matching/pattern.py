"""Patterns for names and paths, and how surely a text is one that they mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote

from rules.language.complaint import quote
from rules.matching.truth import Truth
from rules.request.spelling import fold

_NAMED = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Between(StrEnum):
    """What may stand between the ends of a pattern; the values but the last are types in a template."""

    ANY = "any"
    """Any text."""
    INT = "int"
    """ASCII digits alone."""
    NUMBER = "number"
    """What a lenient reader takes for a whole number: it may stop at the first other character."""

    def allows(self, text: str) -> bool:
        """Whether `text` is of this kind."""
        match self:
            case Between.ANY:
                return True
            case Between.INT:
                return text.isascii() and text.isdigit()
            case Between.NUMBER:
                start = text.lstrip(" +-.")[:1]
                return not start or start.isnumeric()


@dataclass(frozen=True, slots=True, kw_only=True)
class Glob:
    """Literal text, or a `prefix` and a `suffix` with at least `gap` characters `between` them."""

    prefix: str
    suffix: str = ""
    gap: int | None = None
    between: Between = Between.ANY
    name: str = ""
    """What a template calls the text between the ends."""

    def matches(self, text: str) -> bool:
        """Whether `text` is what the pattern names, character by character."""
        if self.gap is None:
            return text == self.prefix
        return (
            len(text) >= len(self.prefix) + len(self.suffix) + self.gap
            and text.startswith(self.prefix)
            and text.endswith(self.suffix)
            and self.between.allows(self.within(text))
        )

    def within(self, text: str) -> str:
        """What stands between the ends in a `text` that matches."""
        return text[len(self.prefix) : len(text) - len(self.suffix)]

    def folded(self) -> "Glob":
        """The pattern for folded texts: it matches whatever folds like a match of this one."""
        gap = None if self.gap is None else 0
        between = Between.ANY if self.between is Between.ANY else Between.NUMBER
        folded = Glob(prefix=fold(self.prefix), suffix=fold(self.suffix), gap=gap, between=between)
        return self if folded == self else folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A row of patterns, one for each segment. `open_ended`: any number of segments may follow.

    `folded`: the patterns for what `fold_segments` returns.
    """

    globs: tuple[Glob, ...]
    folded: tuple[Glob, ...]
    open_ended: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The names of its parts."""
        return frozenset(glob.name for glob in self.globs if glob.name)

    def named(self, name: str, segments: Sequence[str]) -> list[str]:
        """The parts called `name` of segments that are covered."""
        return [g.within(s) for g, s in zip(self.globs, segments, strict=False) if g.name == name]

    def covers(self, segments: Sequence[str]) -> Truth:
        """TRUE for an exact match; UNKNOWN where a lenient server could read the path as one."""
        if _fits(self.globs, segments, open_ended=self.open_ended):
            return Truth.TRUE
        alike = _fits(self.folded, fold_segments(segments), open_ended=self.open_ended)
        return Truth.UNKNOWN if alike else Truth.FALSE


ANYWHERE = Track(globs=(), folded=(), open_ended=True)


def fold_segments(segments: Sequence[str]) -> tuple[str, ...]:
    """The segments as a lenient server sees them: folded, and without a trailing slash."""
    kept = segments[:-1] if segments and not segments[-1] else segments
    return tuple([fold(segment) for segment in kept])


@lru_cache(maxsize=4096)
def read_path(text: str) -> Track:
    """The pattern of a path template such as `/v1/{id:int}/files/**`. Raises ValueError with the cure."""
    check_path(text)
    steps = text[1:].split("/")
    open_ended = steps[-1] == "**"
    globs = tuple(_read_step(step) for step in (steps[:-1] if open_ended else steps))
    # A trailing slash is an empty last segment, which folded paths do not have.
    folded = tuple(glob.folded() for glob in (globs[:-1] if steps[-1] == "" else globs))
    return Track(globs=globs, folded=folded, open_ended=open_ended)


def read_name(text: str) -> Track:
    """The pattern of a tool name such as `delete_*`. Raises ValueError with the cure."""
    prefix, star, suffix = text.partition("*")
    if not text or not text.isprintable() or "*" in suffix:
        raise ValueError(f"{quote(text)} is not a printable name with at most one `*`; list several names")
    if star and not (prefix.isascii() and suffix.isascii()):
        raise ValueError(f"{quote(text)} has a `*` beside letters outside ascii; write the whole name")
    glob = Glob(prefix=prefix, suffix=suffix, gap=0 if star else None)
    return Track(globs=(glob,), folded=(glob.folded(),))


def check_path(text: str) -> None:
    """Raises ValueError with the cure if `text` is not a decoded path that a request may have."""
    if reason := _why_no_path(text):
        raise ValueError(f"{quote(text)} {reason}")


def _why_no_path(text: str) -> str | None:
    if not text.startswith("/"):
        return "does not start with `/`; write the path without scheme and host"
    if not text.isprintable():
        return "has characters that cannot be printed; leave them out"
    if "?" in text or "#" in text:
        return "has a query or fragment; match the query with the key `query`"
    if "%" in text and unquote(text) != text:
        return "has percent-escapes; write the characters they stand for"
    if ";" in text or "\\" in text:
        return "has `;` or `\\`, which no request may have; leave them out"
    steps = text[1:].split("/")
    if any(step in (".", "..") for step in steps):
        return "has dot segments, which no request may have; write the final path"
    if "" in steps[:-1]:
        return "has an empty segment, which no request may have; write one `/`"
    if any("*" in step for step in steps[:-1]) or steps[-1] not in ("**", steps[-1].replace("*", "")):
        return "has a `*` that is not a last `/**`; write `{name}` for one segment"
    return None


def _fits(globs: Sequence[Glob], segments: Sequence[str], *, open_ended: bool) -> bool:
    enough = len(segments) >= len(globs) if open_ended else len(segments) == len(globs)
    return enough and all(map(Glob.matches, globs, segments))


@lru_cache(maxsize=4096)  # packs have few words and many paths of them, each of which is kept
def _read_step(step: str) -> Glob:
    prefix, opening, rest = step.partition("{")
    inside, closing, suffix = rest.partition("}")
    name, typed, kind = inside.partition(":")
    if not opening and "}" not in step:
        return Glob(prefix=step)
    if not closing or not _NAMED.fullmatch(name) or "{" in suffix or "}" in prefix + suffix:
        raise ValueError(f"{quote(step)} is not text with one `{{name}}` in it; write one per segment")
    if not (prefix + suffix).isascii():
        raise ValueError(f"{quote(step)} has letters outside ascii beside `{{name}}`; write only `{{name}}`")
    if typed and kind != Between.INT:
        raise ValueError(f"{quote(step)} has a type that is not `int`, for digits; write that, or no type")
    between = Between.INT if typed else Between.ANY
    return Glob(prefix=prefix, suffix=suffix, gap=1, between=between, name=name)
