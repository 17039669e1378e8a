"""Tests of report: goals, tables and what is kept."""

import json
from pathlib import Path

import pytest

from tests.bench.report import (
    Goal,
    Report,
    Section,
    as_json,
    as_markdown,
    as_text,
    keep,
    percentile,
    spread,
)


def made_report(*, met: bool = True) -> Report:
    """Return a report of one small section."""
    section = Section(
        name="passing",
        title="calls that pass",
        header=("proxy", "us"),
        rows=(("mitmdump", "1,200"), ("sidegate | own", "300")),
        notes=("a note",),
        goals=(Goal(text="ratio 0.250 of mitmdump's CPU per request (goal 0.60)", met=met),),
        data={"ratio": 0.25},
    )
    return Report(machine={"upstream": "nginx/1.22.1"}, sections=(section,))


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        pytest.param([5.0], 0.99, 5.0, id="one value is every percentile"),
        pytest.param([3.0, 1.0, 2.0], 0.5, 2.0, id="unsorted, the middle"),
        pytest.param([float(n) for n in range(1, 101)], 0.99, 99.0, id="99 of 100"),
        pytest.param([float(n) for n in range(1, 101)], 1.0, 100.0, id="all is the highest"),
        pytest.param([1.0, 2.0], 0.0, 1.0, id="none is the lowest"),
    ],
)
def test_percentile(values: list[float], share: float, expected: float) -> None:
    """The nearest rank is returned, never a value that was not measured."""
    assert percentile(values, share) == expected


def test_spread_shows_median_and_both_ends() -> None:
    """The spread names the median first."""
    assert spread([0.5, 0.3, 0.4], ".2f") == "0.40 (0.30..0.50)"


def test_text_ends_with_the_goal_line() -> None:
    """The last line is the goal's own text, met or not, for a program that reads it."""
    for met in (True, False):
        last = as_text(made_report(met=met)).splitlines()[-1]
        assert last == "ratio 0.250 of mitmdump's CPU per request (goal 0.60)"


def test_text_aligns_columns() -> None:
    """All lines of a table are equally wide: names to the left, figures to the right."""
    lines = as_text(made_report()).splitlines()
    assert lines[3:6] == [
        "proxy              us",
        "mitmdump        1,200",
        "sidegate | own    300",
    ]


def test_markdown_escapes_cells_and_says_what_was_missed() -> None:
    """A bar in a name does not add a column, and a missed goal is marked."""
    page = as_markdown(made_report(met=False))
    assert "| sidegate \\| own | 300 |" in page
    assert "(goal 0.60): missed" in page
    assert "- upstream: nginx/1.22.1" in page


def test_json_holds_figures_and_goals() -> None:
    """A program finds the figures under the scenario's name."""
    kept = json.loads(as_json(made_report(met=False)))
    assert kept["met"] is False
    assert kept["sections"]["passing"]["figures"] == {"ratio": 0.25}
    assert kept["sections"]["passing"]["goals"][0]["met"] is False


def test_keep_makes_the_folder_and_replaces_the_last_report(tmp_path: Path) -> None:
    """The folder need not exist, and a second run overwrites the first."""
    folder = tmp_path / "deep" / "out"
    keep(made_report(met=False), folder)
    keep(made_report(), folder)
    assert json.loads((folder / "latest.json").read_text())["met"] is True
    assert (folder / "latest.md").read_text().startswith("# Benchmark\n")


def test_a_row_that_lost_a_cell_is_refused() -> None:
    """A table whose rows do not fit its header cannot be made."""
    with pytest.raises(ValueError, match="one cell per column"):
        Section(name="x", title="x", header=("a", "b"), rows=(("1",),), notes=(), goals=(), data={})
