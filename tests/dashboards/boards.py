"""The boards as these tests see them: panels and the expressions in them."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.dashboards.rules.files import recorded_in, series_in

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dashboards" / "grafana"
FILES = sorted(FOLDER.glob("*.json"))
NAMES = tuple(file.stem for file in FILES)

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
        """The names of the sidecar's series that it reads."""
        return series_in(self.expression)

    @property
    def recorded(self) -> set[str]:
        """The names of the recording rules that it reads."""
        return recorded_in(self.expression)

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
def dashboard(name: str) -> dict[str, Any]:
    """One whole file."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return content


def panels(name: str) -> list[dict[str, Any]]:
    """Everything that stands on a board, rows included."""
    found: list[dict[str, Any]] = dashboard(name)["panels"]
    return found


def charts(*names: str) -> list[dict[str, Any]]:
    """The panels that show something, on those boards or on all; each once, wherever it stands again."""
    all_panels = [panel for name in names or NAMES for panel in panels(name)]
    return list({panel["title"]: panel for panel in all_panels if panel["type"] != "row"}.values())


def queries(*names: str) -> list[Query]:
    """Every expression on those boards, or on all."""
    return [
        Query(
            panel=panel["title"],
            expression=target["expr"],
            legend=target["legendFormat"],
            instant=target["instant"],
        )
        for panel in charts(*names)
        for target in panel["targets"]
    ]


def variables(name: str = "overview") -> dict[str, dict[str, Any]]:
    """What can be chosen at a board's head, by name."""
    return {variable["name"]: variable for variable in dashboard(name)["templating"]["list"]}
