"""The chart: with its own values it is the plain manifests, with others it is valid, with wrong ones nothing.

It is rendered by Go's own template engine, which is Helm's, with Helm's functions as far as the chart uses
them written anew: Helm itself is not tried here.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.deploy.shipped import (
    CHART,
    VERSIONS,
    Manifest,
    built,
    complaints,
    container,
    documents,
    merged,
    one,
    pod,
    read,
    rendered,
)

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]

REDIS: Manifest = {"redis": {"secretName": "sidegate-store"}}
OPEN: Manifest = {"capture": {"enabled": False}}


def _comparable(manifests: tuple[Manifest, ...]) -> dict[tuple[str, str], Manifest]:
    found = {}
    for each in manifests:
        whole = json.loads(json.dumps(each))
        if whole["kind"] == "ConfigMap":
            whole["data"] = {name: documents(text)[0] for name, text in whole["data"].items()}
        if whole["kind"] == "StatefulSet":
            for part in ("initContainers", "containers"):
                for each_container in whole["spec"]["template"]["spec"][part]:
                    each_container.get("env", []).sort(key=lambda e: e["name"])
        found[(whole["kind"], whole["metadata"]["name"])] = whole
    found.pop(("Namespace", "agents"), None)
    return found


@pytest.mark.parametrize(
    ("name", "values"), [("base", {}), ("overlays/shared-redis", REDIS), ("overlays/proxy-only", OPEN)]
)
def test_it_is_the_plain_manifests(name: str, values: Manifest) -> None:
    """Object by object, whatever the order of variables; a change of one has to be made in both."""
    assert _comparable(rendered(values)) == _comparable(built(name))


VALUES: dict[str, Manifest] = {
    "its own": {},
    "a shared store": REDIS,
    "without capture": OPEN,
    "a digest": {"image": {"digest": "sha256:" + "a" * 64, "pullSecrets": ["regcred"]}},
    "everything": REDIS
    | {
        "env": [{"name": "SIDEGATE__REDIS__DOMAIN", "value": "books"}],
        "agent": {"name": "bot", "replicas": 3, "user": 2000, "env": [{"name": "A", "value": "b: {c}"}]},
        "persistence": {"storageClassName": "fast", "size": "5Gi"},
        "network": {"ports": [443]},
    },
    "no network policies": {"network": {"enabled": False}},
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", VALUES)
def test_it_is_valid(case: str, version: str, tmp_path: Path) -> None:
    """Whatever is set."""
    jsonschema.validate(merged(read(CHART / "values.yaml"), VALUES[case]), schema())
    assert complaints(rendered(VALUES[case]), version=version, folder=tmp_path) == ""


def schema() -> Any:
    """What Helm checks values against before it renders."""
    return json.loads((CHART / "values.schema.json").read_text())


WRONG: dict[str, Manifest] = {
    "an unknown value": {"imge": {}},
    "an unknown value of the image": {"image": {"tagg": "1"}},
    "a digest that is none": {"image": {"digest": "sha256:1"}},
    "an image with a line end": {"image": {"repository": "a\nb"}},
    "the sidecar's user": {"agent": {"user": 1337}},
    "root": {"agent": {"user": 0}},
    "a user in words": {"agent": {"user": "1500"}},
    "a name that is none": {"agent": {"name": "a b"}},
    "everybody is a reviewer": {"network": {"reviewers": {"a": None}}},
    "a port that is none": {"network": {"ports": [70000]}},
    "rules without a version": {"rules": None},
    "an interval with a line end": {"monitoring": {"interval": "15s\nx: y"}},
    "a label that is no text": {"monitoring": {"labels": {"release": 1}}},
}


@pytest.mark.parametrize("case", WRONG)
def test_hostile_values(case: str) -> None:
    """They are refused before anything is rendered."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(merged(read(CHART / "values.yaml"), WRONG[case]), schema())


def test_the_sidecars_user_is_refused_by_the_template_too() -> None:
    """The one mistake that would open the gate does not depend on the schema."""
    with pytest.raises(ValueError, match=r"agent\.user is 1337"):
        rendered({"agent": {"user": 1337}})


def test_values_cannot_break_out() -> None:
    """What is odd stays the value that it is."""
    odd = 'x"\n  privileged: true #'
    spec = pod(rendered({"agent": {"image": odd, "env": [{"name": "A", "value": odd}]}}))["spec"]
    agent = container(spec, "agent")
    assert agent["image"] == odd
    assert {"name": "A", "value": odd} in agent["env"]
    assert "privileged" not in agent["securityContext"]


def test_versions_agree() -> None:
    """Chart, image and program are released together."""
    chart = read(CHART / "Chart.yaml")
    image = container(pod(rendered())["spec"], "sidegate")["image"]
    assert chart["version"] == chart["appVersion"] == image.rpartition(":")[2]
    assert one(rendered(release="bots"), "Service")["metadata"]["namespace"] == "bots"
