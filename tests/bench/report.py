"""What a run found: sections with goals, and their text, Markdown and JSON."""

import dataclasses
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

type Json = str | int | float | bool | Sequence[Json] | Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One figure held against its limit, as a line to print."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One scenario's result: a table, remarks, goals, and the figures for programs."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    goals: tuple[Goal, ...]
    data: Mapping[str, Json]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"a row of `{self.name}` has not one cell per column")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run: what it ran on, and its sections in order."""

    machine: Mapping[str, str]
    sections: tuple[Section, ...]

    @property
    def goals(self) -> tuple[Goal, ...]:
        """All goals in the order of the sections."""
        return tuple(goal for section in self.sections for goal in section.goals)

    @property
    def met(self) -> bool:
        """Whether every goal was met."""
        return all(goal.met for goal in self.goals)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of all values does not exceed."""
    rank = math.ceil(share * len(values))
    return sorted(values)[max(rank, 1) - 1]


def spread(values: Sequence[float], form: str) -> str:
    """Return `median (min..max)`, each number in the given format."""
    middle = statistics.median(values)
    return f"{middle:{form}} ({min(values):{form}}..{max(values):{form}})"


def as_text(report: Report) -> str:
    """Return the report for a terminal: tables first, the goals as its last lines."""
    parts = [_machine_text(report), *(_section_text(section) for section in report.sections)]
    return "\n\n".join([*parts, "\n".join(goal.text for goal in report.goals)]) + "\n"


def as_markdown(report: Report) -> str:
    """Return the report as a Markdown page."""
    machine = "\n".join(f"- {key}: {value}" for key, value in report.machine.items())
    parts = ["# Benchmark", machine, *(_section_markdown(each) for each in report.sections)]
    return "\n\n".join(parts) + "\n"


def as_json(report: Report) -> str:
    """Return the report for programs."""
    sections = {
        section.name: {
            "figures": section.data,
            "goals": [dataclasses.asdict(goal) for goal in section.goals],
        }
        for section in report.sections
    }
    whole = {"version": 1, "met": report.met, "machine": report.machine, "sections": sections}
    return json.dumps(whole, indent=2) + "\n"


def keep(report: Report, folder: Path) -> None:
    """Write the report as `latest.json` and `latest.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(as_json(report))
    (folder / "latest.md").write_text(as_markdown(report))


def _machine_text(report: Report) -> str:
    return "\n".join(f"{key}: {value}" for key, value in report.machine.items())


def _section_text(section: Section) -> str:
    lines = (section.header, *section.rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = [_text_row(line, widths) for line in lines]
    return "\n".join([section.title, *table, *section.notes])


def _text_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others])


def _goal_text(goal: Goal) -> str:
    return goal.text if goal.met else f"{goal.text}: missed"


def _section_markdown(section: Section) -> str:
    ruler = ["---", *("---:" for _ in section.header[1:])]
    table = [_markdown_row(line) for line in (section.header, ruler, *section.rows)]
    remarks = [*section.notes, *(_goal_text(goal) for goal in section.goals)]
    remark_lines = [f"- {remark}" for remark in remarks]
    return "\n".join([f"## {section.title}", "", *table, "", *remark_lines])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '\\|') for cell in cells)} |"
