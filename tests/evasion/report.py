"""What a run found, for people and for programs."""

import json
from collections import Counter
from collections.abc import Sequence

from tests.evasion.corpus import Case
from tests.evasion.judging import Judged, Result

_HEAD = ("layer", "cases", *Judged)


def as_text(results: Sequence[Result], skipped: Sequence[Case]) -> str:
    """The table by layer, every case that went otherwise, what was skipped, and the line to remember."""
    lines = [*_table(results), ""]
    for result in results:
        if result.judged is not Judged.EXPECTED:
            lines += _told(result)
    reasons = Counter(case.skipped for case in skipped)
    lines += [f"skipped: {count} ({reason})" for reason, count in reasons.items()]
    return "\n".join([*lines, last_line(results), ""])


def as_json(results: Sequence[Result], skipped: Sequence[Case]) -> str:
    """The same as one JSON document."""
    rows = [
        {
            "id": result.case.id,
            "layer": result.case.layer,
            "title": result.case.title,
            "level": result.case.level,
            "expected": sorted(result.case.expected),
            "judged": result.judged,
            "observed": result.observed,
        }
        for result in results
    ]
    left_out = [{"id": case.id, "layer": case.layer, "reason": case.skipped} for case in skipped]
    return json.dumps({"results": rows, "skipped": left_out}, indent=2) + "\n"


def last_line(results: Sequence[Result]) -> str:
    """How many cases were evaluated, and how many went wrong."""
    escaped, stopped = (count(results, judged) for judged in (Judged.ESCAPED, Judged.STOPPED))
    return f"{len(results)} cases, {escaped} escaped, {stopped} controls stopped"


def count(results: Sequence[Result], judged: Judged) -> int:
    """How many results were judged so."""
    return sum(result.judged is judged for result in results)


def _table(results: Sequence[Result]) -> list[str]:
    layers = dict.fromkeys(result.case.layer for result in results)
    rows = [_row(layer, [r for r in results if r.case.layer == layer]) for layer in layers]
    rows = [_HEAD, *rows, _row("all", results)]
    width = max(len(row[0]) for row in rows)
    return [
        "  ".join(
            [row[0].ljust(width), *(cell.rjust(len(h)) for cell, h in zip(row[1:], _HEAD[1:], strict=True))]
        )
        for row in rows
    ]


def _row(layer: str, results: Sequence[Result]) -> tuple[str, ...]:
    counts = [count(results, judged) for judged in Judged]
    return (layer, str(len(results)), *map(str, counts))


def _told(result: Result) -> list[str]:
    case = result.case
    return [
        f"{result.judged}: {case.id} [{case.layer}, {case.level}] {case.title}",
        f"  expected {' or '.join(sorted(case.expected))}",
        f"  observed {result.observed}",
        "",
    ]
