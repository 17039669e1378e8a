"""Which rows count for which figure."""

from typing import Any

import pytest

from proxy.cli.labelled.label import read_label
from proxy.cli.labelled.tally import MEASURES, Tally
from rules.verdict import Verdict
from tests.proxy.cli.labelled.labels import harmless, labelled

WEAK = {"consequential": True, "tier_min": 3, "tier_max": 4, "strength": "weak"}
COUNTED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "strong": (labelled(), {"catch", "strong_catch"}),
    "weak": (labelled(label=WEAK), {"catch"}),
    "read-only": (harmless(1), {"false_tier_1", "false_escalation"}),
    "reversible": (harmless(2), {"false_tier_2", "false_escalation"}),
    "grey": (labelled(consequential=None), {"grey_held"}),
}


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("verdict", list(Verdict), ids=str)
def test_where_a_row_counts(name: str, verdict: Verdict) -> None:
    """Held and blocked are one; a figure that a row is not about is none."""
    row, measures = COUNTED[name]
    tally = Tally()
    tally.add(read_label(row), verdict)
    [(group, source, rates)] = tally.sources()
    assert (group, source, tuple(rates)) == ("http", "s", MEASURES)
    assert {measure for measure, found in rates.items() if found is not None} == measures
    assert {found.hits for found in rates.values() if found} == {int(verdict is not Verdict.PASS)}


def test_means() -> None:
    """Protocols and traps are apart."""
    tally = Tally()
    for row in (
        labelled(),
        labelled(source="t", protocol="mcp"),
        labelled(source="u", meta={"trap": "x"}),
        labelled(source="v"),
    ):
        tally.add(read_label(row), Verdict.HOLD if row["source"] != "v" else Verdict.PASS)
    shares = {group: rates["catch"].share for group, rates in tally.macro().items() if rates["catch"]}
    assert shares == {"http": 0.5, "mcp": 1.0, "traps": 1.0}
