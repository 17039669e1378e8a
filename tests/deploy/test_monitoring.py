"""What the Prometheus operator is given: the rules that promtool's tests are about, and whom to scrape.

No schema of Kubernetes knows these kinds: their members are compared with those that the operator's
definitions (0.82) have.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards import manifests
from tests.dashboards.prometheus import tool
from tests.dashboards.rules.files import RULES
from tests.dashboards.rules.files import read as rules_in
from tests.deploy.shipped import Manifest, built, one, rendered

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]

ON: Manifest = {"monitoring": {"enabled": True}}
BOTH = pytest.mark.parametrize("made", ["manifests", "chart"])
_RULE = {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"}


def objects(made: str) -> tuple[Manifest, ...]:
    """Those for the operator."""
    whole = built("monitoring") if made == "manifests" else rendered(ON)
    return tuple(each for each in whole if each["apiVersion"] == "monitoring.coreos.com/v1")


def groups(made: str) -> list[Any]:
    """The groups of rules in its object."""
    found: list[Any] = one(objects(made), "PrometheusRule")["spec"]["groups"]
    return found


def test_the_files_are_what_the_rules_say() -> None:
    """Run `make dashboards` after a change of them."""
    assert manifests.MANIFEST.read_text() == manifests.manifest()
    assert manifests.PART.read_text() == manifests.part()


@BOTH
def test_they_are_the_tested_rules(made: str) -> None:
    """Every group, with every word of it."""
    theirs = [group for file in RULES for group in rules_in(file)["groups"]]
    ours = {group["name"]: group for group in groups(made)}
    assert ours == {group["name"]: group for group in theirs}
    assert len(groups(made)) == len(theirs)


@BOTH
def test_prometheus_takes_them(made: str, tmp_path: Path) -> None:
    """As the operator writes them for it, templates included."""
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": groups(made)}))
    done = subprocess.run(
        [tool("promtool"), "check", "rules", file], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@BOTH
def test_the_operator_knows_every_member(made: str) -> None:
    """It refuses an object, or loses what it does not know."""
    for group in groups(made):
        assert set(group) <= {"name", "interval", "labels", "limit", "query_offset", "rules"}
        for rule in group["rules"]:
            assert set(rule) <= _RULE
            assert all(type(text) is str for text in (rule.get("labels") or {}).values())
    monitor = one(objects(made), "ServiceMonitor")["spec"]
    assert set(monitor) == {"selector", "endpoints"}
    [endpoint] = monitor["endpoints"]
    assert set(endpoint) == {"port", "path", "interval", "relabelings"}


def test_the_chart_is_the_plain_manifests() -> None:
    """Object by object; without the value there is none of them."""
    assert {each["kind"]: each for each in objects("chart")} == {
        each["kind"]: each for each in objects("manifests")
    }
    assert not [each for each in rendered() if "monitoring" in each["apiVersion"]]


SERVED: dict[str, Callable[[], tuple[Manifest, ...]]] = {
    "the manifests": lambda: built("base") + built("monitoring"),
    "the chart": lambda: rendered(ON),
    "an agent of another name": lambda: rendered(ON | {"agent": {"name": "bot"}}),
}


@pytest.mark.parametrize("case", SERVED)
def test_it_finds_the_sidecars(case: str) -> None:
    """By the labels and the port of the service that leads to their consoles."""
    whole = SERVED[case]()
    service, monitor = one(whole, "Service"), one(whole, "ServiceMonitor")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_its_objects_have_the_labels_that_prometheus_looks_for() -> None:
    """Both."""
    labelled = rendered({"monitoring": {"enabled": True, "labels": {"release": "it's: odd"}}})
    for kind in ("ServiceMonitor", "PrometheusRule"):
        assert one(labelled, kind)["metadata"]["labels"]["release"] == "it's: odd"
