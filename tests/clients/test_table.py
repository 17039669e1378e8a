"""The table of clients: made of the last run, and whole."""

import json
import re

import pytest

from tests.clients import table
from tests.clients.driven import CLIENTS
from tests.clients.stage import Carrier
from tests.clients.trial import TOOLS, Cell, Check

_ROWS = json.loads(table.RECORD.read_text())


def test_the_page_shows_what_the_last_run_found() -> None:
    """Neither is written by hand."""
    page = table.PAGE.read_text()
    assert table.put_into(page, _ROWS) == page


def test_every_client_and_era_was_tried_with_every_tool_over_both_carriers() -> None:
    """What is left out would look like success."""
    assert {(row["client"], row["era"]) for row in _ROWS} == {
        (c.name, era) for c in CLIENTS for era in c.eras
    }
    assert all(len(row["failed"]) == len(Carrier) * len(TOOLS) for row in _ROWS)


def test_versions_are_named_and_those_of_the_lock_files() -> None:
    """A table of other versions is to be made anew."""
    found = {row["client"]: row["packages"] for row in _ROWS}
    assert found == {client.name: table.packages(client) for client in CLIENTS}
    assert all(re.match(r"\d", version) for versions in found.values() for version in versions.values())


@pytest.mark.parametrize(
    ("failed", "shown"),
    [({}, "| all |"), ({Check.TOLD: "x", Check.RETRY: "y"}, "| not: told, retry |")],
    ids=["nothing", "two checks"],
)
def test_what_failed_is_shown(failed: dict[Check, str], shown: str) -> None:
    """In words, and what was not tried too."""
    rows = table.document(
        [Cell(client="mcp 1", era="legacy", carrier=Carrier.HTTP, tool="danger", failed=failed)]
    )
    drawn = table.as_table(rows)
    assert shown in drawn
    assert "not tried" in drawn
    assert drawn in table.put_into("<!-- table -->\n\n<!-- end -->\n", rows)
