"""Every reading of a path that servers read differently, for hosts whose operator asks for that."""

import re
from collections.abc import Callable
from enum import StrEnum

from rules.request.target import decode_segments, read_segments, second_reading
from rules.verdict import ReasonId, Refusal

type Segments = tuple[str, ...]

MAX_READINGS = 16
"""Honest paths have up to six."""

_DOTS = (".", "..")
_ESCAPED = re.compile(r"(?i)%(?:2e|3b)")
_SEPARATORS = re.compile("[/;]")


class PathPolicy(StrEnum):
    """What becomes of a path that servers read differently; the names are those of the rules file."""

    STRICT = "strict"
    """It is refused."""
    NORMALIZE = "normalize"
    """It is judged by the most severe of all its readings, and leaves as it came."""


type PolicyOf = Callable[[str], PathPolicy]
"""From a canonical host to its policy."""


def always_strict(host: str) -> PathPolicy:
    """The policy of every host that no operator has named."""
    return PathPolicy.STRICT


def read_paths(target: str, policy: PathPolicy) -> tuple[Segments, ...] | Refusal:
    """The decoded segments of the path in `target` in every reading, the plainest first; one under STRICT.

    INVARIANT: no reading leaves the root by `..`. A dot or `;` that is written as an escape stays refused:
    beside a plain one, a server could take a step for the one and not for the other.
    """
    strict = read_segments(target)
    if not isinstance(strict, Refusal):
        return (strict,)
    if policy is PathPolicy.STRICT:
        return strict
    plain = decode_segments(target)
    if isinstance(plain, Refusal):
        return plain
    if _ESCAPED.search(target.partition("?")[0]):
        return _ambiguous("the path has an escaped dot or `;`, which servers read at different moments")
    for part in (part for segment in plain for part in _SEPARATORS.split(segment)):
        if part not in _DOTS and (reason := second_reading(part)):
            return _ambiguous(reason)
    return _closure(plain)


def _closure(plain: Segments) -> tuple[Segments, ...] | Refusal:
    """What servers make of `plain` by taking each step or not, in any order."""
    found: dict[Segments, None] = {plain: None}
    pending = [plain]
    while pending:
        segments = pending.pop()
        for step in (_split, _without_parameters, _merged, _resolved):
            result = step(segments)
            if result is None:
                return _ambiguous("the path leaves its root by dot segments")
            if result not in found:
                found[result] = None
                pending.append(result)
        if len(found) > MAX_READINGS:
            return _ambiguous(f"the path has over {MAX_READINGS} readings")
    return tuple(found)


def _split(segments: Segments) -> Segments:
    """An escaped slash separates."""
    return tuple(part for segment in segments for part in segment.split("/"))


def _without_parameters(segments: Segments) -> Segments:
    """What follows a `;` is a parameter (RFC 3986 section 3.3)."""
    return tuple(segment.partition(";")[0] for segment in segments)


def _merged(segments: Segments) -> Segments:
    """Several slashes count as one."""
    return (*(segment for segment in segments[:-1] if segment), segments[-1])


def _resolved(segments: Segments) -> Segments | None:
    """Dot segments are gone (RFC 3986 section 5.2.4), None where they climb above the root."""
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if not kept:
                return None
            kept.pop()
        elif segment != ".":
            kept.append(segment)
    return (*kept, "") if segments[-1] in _DOTS else tuple(kept)


def _ambiguous(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.TARGET_AMBIGUOUS, reason=reason)
