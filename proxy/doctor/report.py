"""Findings as a table, and as JSON."""

import json
from collections import Counter
from collections.abc import Sequence

from proxy.doctor.finding import Finding, Level
from rules.review.inert import visible


def as_table(findings: Sequence[Finding]) -> str:
    """A line for each, its cure below it, and a last line with the counts."""
    width = max((len(one.check) for one in findings), default=0)
    lines: list[str] = []
    for one in findings:
        lines.append(f"{one.level:<5}  {one.check:<{width}}  {visible(one.said)}")
        if one.cure:
            lines.append(f"{'':<5}  {'':<{width}}  -> {visible(one.cure)}")
    counts = Counter(one.level for one in findings)
    lines.append("")
    lines.append(", ".join(f"{counts[level]} {level}" for level in Level))
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """The same for a program."""
    rows = [{"check": one.check, "level": one.level, "said": one.said, "cure": one.cure} for one in findings]
    return json.dumps({"findings": rows, "faults": faults(findings)}, indent=2)


def faults(findings: Sequence[Finding], *, strict: bool = False) -> int:
    """How many are wrong; under `strict`, what is in doubt counts too."""
    return sum(one.level is Level.FAULT or (strict and one.level is Level.DOUBT) for one in findings)
