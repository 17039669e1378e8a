"""The rules files, and the tests that promtool runs over them."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
RULES = sorted((ROOT / "dashboards" / "rules").glob("*.yml"))
TESTS = sorted((ROOT / "dashboards" / "tests").glob("*.yml"))

_SERIES = re.compile(r"(?<![\w:])sidegate_[a-z0-9_]+(?!\w*:)")
_RECORDED = re.compile(r"\bjob\w*:sidegate_\w+:\w+")


@cache
def read(file: Path) -> dict[str, Any]:
    """One file as Prometheus reads it."""
    content: dict[str, Any] = YAML(typ="safe").load(file.read_text())
    return content


def recorded() -> dict[str, str]:
    """Every recording rule's name and expression."""
    return {rule["record"]: rule["expr"] for rule in _rules() if "record" in rule}


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    return {rule["alert"]: rule for rule in _rules() if "alert" in rule}


def groups_of_tests() -> list[dict[str, Any]]:
    """Every group of promtool's tests."""
    return [group for file in TESTS for group in read(file)["tests"]]


def series_in(expression: str) -> set[str]:
    """The series of the sidecar's that an expression names."""
    return set(_SERIES.findall(expression))


def recorded_in(expression: str) -> set[str]:
    """The recording rules that an expression names."""
    return set(_RECORDED.findall(expression))


def _rules() -> list[dict[str, Any]]:
    return [rule for file in RULES for group in read(file)["groups"] for rule in group["rules"]]
