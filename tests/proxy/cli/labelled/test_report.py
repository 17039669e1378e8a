"""Figures as JSON and as a table, and bounds on them."""

import json

import pytest

from proxy.cli.labelled.label import read_label
from proxy.cli.labelled.report import Bounds, as_json, as_table
from proxy.cli.labelled.tally import MEASURES, Tally
from proxy.cli.labelled.tasks import Tasks
from rules.verdict import Verdict
from tests.proxy.cli.labelled.labels import harmless, labelled


def tallied() -> Tally:
    """Half of what is consequential caught by HTTP, all of it by MCP; a third of the harmless held."""
    tally = Tally()
    for row, verdict in (
        (labelled(), Verdict.HOLD),
        (labelled(), Verdict.PASS),
        (harmless(), Verdict.HOLD),
        (harmless(2), Verdict.PASS),
        (harmless(), Verdict.PASS),
        (labelled(protocol="mcp", source="\u202et"), Verdict.BLOCK),
    ):
        tally.add(read_label(row), verdict)
    return tally


def test_json() -> None:
    """Every source and every mean has every figure; none is null."""
    found = as_json(tallied(), Tasks())
    assert json.loads(json.dumps(found)) == found
    assert set(found) == {"sources", "macro", "attacks", "user_tasks"}
    [http, mcp] = found["sources"] if isinstance(found["sources"], list) else []
    assert set(http) == {"group", "source", *MEASURES}
    assert mcp["false_escalation"] is None


def test_table() -> None:
    """One line for each source and mean, with what acts on terminals spelled out."""
    lines = list(as_table(tallied(), Tasks()))
    assert len(lines) == 5
    assert lines[1].split()[:4] == ["s", "50.0", "%", "(9.5-90.5)"]
    assert lines[2].startswith("\\u{202e}t ")
    assert lines[3].startswith("= http, mean ")
    assert lines[4].endswith("-")


@pytest.mark.parametrize(
    ("min_catch", "max_false", "missed"),
    [
        (None, None, []),
        (50, 34, ["mcp: no harmless call, so `--max-false` cannot be shown; add rows that have one"]),
        (50.5, None, ["http: catch 50.0 % is under the bound of 50.5 %"]),
        (100, None, ["http: catch 50.0 % is under the bound of 100 %"]),
    ],
)
def test_bounds(min_catch: float | None, max_false: float | None, missed: list[str]) -> None:
    """Each protocol by itself; what cannot be shown is missed."""
    assert list(Bounds(min_catch=min_catch, max_false=max_false).missed(tallied())) == missed
