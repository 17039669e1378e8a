"""What a run over all clients found: a document to keep, and the table that the documentation shows."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.clients.driven import CLIENTS, Client
from tests.clients.stage import Carrier
from tests.clients.trial import TOOLS, Cell, Check
from tests.environments import locked

DOCS = Path(__file__).parents[2] / "docs"
RECORD = DOCS / "clients.json"
PAGE = DOCS / "clients.md"

_COLUMNS = [(carrier, tool) for carrier in Carrier for tool in TOOLS]
_HEADS = {"danger": "plain", "pay": "with a schema"}
_MARKED = re.compile(r"(<!-- table -->\n).*?(<!-- end -->)", re.DOTALL)


def document(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """The cells, one row for each client and era."""
    by_session: dict[tuple[str, str], dict[str, list[str]]] = {}
    for cell in cells:
        row = by_session.setdefault((cell.client, cell.era), {})
        row[f"{cell.carrier} {cell.tool}"] = [str(check) for check in Check if check in cell.failed]
    return [
        {"client": client.name, "era": era, "packages": packages(client), "failed": by_session[name]}
        for client in CLIENTS
        for era in client.eras
        if (name := (client.name, era)) in by_session
    ]


def as_table(rows: Sequence[dict[str, Any]]) -> str:
    """The document as a table in Markdown."""
    heads = [f"{carrier}, {_HEADS[tool]}" for carrier, tool in _COLUMNS]
    lines = [["client", "packages", "era", *heads], ["---"] * (3 + len(heads))]
    for row in rows:
        versions = ", ".join(f"{name} {version}" for name, version in row["packages"].items())
        found = [_told(row["failed"].get(f"{carrier} {tool}")) for carrier, tool in _COLUMNS]
        lines.append([row["client"], versions, row["era"], *found])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def put_into(page: str, rows: Sequence[dict[str, Any]]) -> str:
    """The page with its table anew."""
    return _MARKED.sub(lambda found: found[1] + "\n" + as_table(rows) + "\n" + found[2], page)


def packages(client: Client) -> dict[str, str]:
    """The versions of what makes up a client, as its lock file pins them."""
    versions = locked.versions(client.environment)
    return {name: versions[name] for name in client.packages}


def written(rows: Sequence[dict[str, Any]]) -> str:
    """The document as it is kept."""
    return json.dumps(rows, indent=2) + "\n"


def _told(failed: list[str] | None) -> str:
    if failed is None:
        return "not tried"
    return "all" if not failed else "not: " + ", ".join(failed)
