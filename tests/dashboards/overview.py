"""The dashboard as these tests see it: panels and the expressions in them."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILE = ROOT / "dashboards" / "overview.json"

_METRIC = re.compile(r"\bsidegate_[a-z_]+")
_GROUPED = re.compile(r"\bby \(([^)]*)\)")
_MATCHED = re.compile(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One expression of one panel; `instant` means one value now, not a line."""

    panel: str
    expression: str
    legend: str
    instant: bool

    @property
    def metrics(self) -> set[str]:
        """The names of the series that it reads."""
        return set(_METRIC.findall(self.expression))

    @property
    def labels(self) -> set[str]:
        """The labels that it groups or selects by."""
        grouped = {name.strip() for names in _GROUPED.findall(self.expression) for name in names.split(",")}
        return grouped | set(_MATCHED.findall(self.expression))

    def written_out(self, **variables: str) -> str:
        """The expression with Grafana's variables replaced; all must be given."""
        text = re.sub(r"\$(\w+)", lambda found: variables[found[1]], self.expression)
        assert "$" not in text, text
        return text

    def legend_of(self, labels: dict[str, str]) -> str:
        """The legend as Grafana shows it for a series with these labels."""
        return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), self.legend)


@cache
def dashboard() -> dict[str, Any]:
    """The whole file."""
    content: dict[str, Any] = json.loads(FILE.read_text())
    return content


def panels() -> list[dict[str, Any]]:
    """Everything that stands on the board, rows included."""
    found: list[dict[str, Any]] = dashboard()["panels"]
    return found


def charts() -> list[dict[str, Any]]:
    """The panels that show something."""
    return [panel for panel in panels() if panel["type"] != "row"]


def queries() -> list[Query]:
    """Every expression on the board."""
    return [
        Query(
            panel=panel["title"],
            expression=target["expr"],
            legend=target["legendFormat"],
            instant=target["instant"],
        )
        for panel in charts()
        for target in panel["targets"]
    ]


def variables() -> dict[str, dict[str, Any]]:
    """What can be chosen at the board's head, by name."""
    return {variable["name"]: variable for variable in dashboard()["templating"]["list"]}
