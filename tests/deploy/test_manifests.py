"""The manifests: valid for three versions of Kubernetes, and with nothing that an agent could use."""

from pathlib import Path
from typing import Any

import pytest

from proxy.settings.layers import Layers, read_layers
from rules.compile import compile_rules
from rules.ruleset import Ruleset
from tests.dashboards.shipped import unknown_flags
from tests.deploy.shipped import (
    DEPLOY,
    KUSTOMIZATIONS,
    ROOT,
    VERSIONS,
    built,
    complaints,
    container,
    one,
    pod,
)

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]

BASE = DEPLOY / "kubernetes" / "base"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KUSTOMIZATIONS)
def test_they_are_valid(name: str, version: str, tmp_path: Path) -> None:
    """Every member of every object is one that this version knows, and has its type."""
    assert complaints(built(name), version=version, folder=tmp_path) == ""


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    """A word that Kubernetes does not know is told, so the test above says something."""
    service = one(built("base"), "Service")
    wrong = service | {"spec": service["spec"] | {"publishNotReadyAdresses": True}}
    assert "publishNotReadyAdresses" in complaints((wrong,), version=VERSIONS[-1], folder=tmp_path)


def test_the_sidecar_is_a_native_one() -> None:
    """Capture comes first, then the sidecar, which lives as long as the agent and drains at its end."""
    for name in ("base", "overlays/shared-redis"):
        order = [c["name"] for c in pod(built(name))["spec"]["initContainers"]]
        assert order == ["capture", "sidegate"], name
    spec = pod(built("base"))["spec"]
    sidecar = container(spec, "sidegate")
    assert sidecar["restartPolicy"] == "Always"
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(sidecar)
    assert sidecar["livenessProbe"]["httpGet"]["path"] == "/healthz"
    stop = sidecar["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] > stop + 30


@pytest.mark.parametrize("name", ["capture", "sidegate", "agent"])
def test_nobody_has_rights_that_it_does_not_need(name: str) -> None:
    """Only capture has one, and nobody can gain any."""
    spec = pod(built("base"))["spec"]
    locked = container(spec, name)["securityContext"]
    assert locked["allowPrivilegeEscalation"] is False
    assert locked["readOnlyRootFilesystem"] is True
    added = ["NET_ADMIN"] if name == "capture" else None
    assert (locked["capabilities"]["drop"], locked["capabilities"].get("add")) == (["ALL"], added)
    assert locked["runAsUser"] == {"capture": 0, "sidegate": 1337, "agent": 1500}[name]
    assert locked["runAsNonRoot"] is (name != "capture")
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "limits" in container(spec, name)["resources"]


@pytest.mark.parametrize("name", ["base", "overlays/shared-redis", "overlays/proxy-only"])
def test_the_agent_sees_certificates_only(name: str) -> None:
    """Neither the data folder, nor secrets, nor the cluster's API."""
    spec = pod(built(name))["spec"]
    mounts = container(spec, "agent")["volumeMounts"]
    assert mounts == [{"name": "trust", "mountPath": "/srv/trust", "readOnly": True}]
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "shareProcessNamespace"} & set(spec)
    secrets = {e["name"] for e in container(spec, "agent")["env"] if "valueFrom" in e}
    assert secrets == set()


def test_the_network_is_closed() -> None:
    """Everything is denied; metadata and private addresses are no part of the internet."""
    manifests = built("base")
    nothing = one(manifests, "NetworkPolicy", "nothing")["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    out = one(manifests, "NetworkPolicy", "sidegate-to-the-internet")["spec"]["egress"]
    (four, six) = out[0]["to"]
    assert {"169.254.0.0/16", "10.0.0.0/8", "100.64.0.0/10"} <= set(four["ipBlock"]["except"])
    assert set(six["ipBlock"]["except"]) == {"fc00::/7", "fe80::/10"}
    assert {p["protocol"] for p in out[0]["ports"]} == {"TCP"}


def test_without_capture() -> None:
    """Nobody needs a right then, and the namespace says so; the variables lead to the gate."""
    manifests = built("overlays/proxy-only")
    spec = pod(manifests)["spec"]
    assert [c["name"] for c in spec["initContainers"]] == ["sidegate"]
    assert container(spec, "sidegate")["args"] == ["serve"]
    labels = one(manifests, "Namespace")["metadata"]["labels"]
    assert labels == {"pod-security.kubernetes.io/enforce": "restricted"}
    variables = {e["name"]: e["value"] for e in container(spec, "agent")["env"]}
    assert variables["HTTPS_PROXY"] == "http://127.0.0.1:8080"


def test_a_shared_store() -> None:
    """Its address comes from a secret, and goes to the sidecar alone."""
    spec = pod(built("overlays/shared-redis"))["spec"]
    env = {e["name"]: e for e in container(spec, "sidegate")["env"]}
    assert env["REDIS_URL"]["valueFrom"] == {"secretKeyRef": {"name": "sidegate-store", "key": "url"}}
    assert env["SIDEGATE__REDIS__REPLICAS"]["value"] == "1"
    assert "SIDEGATE_CONFIG" in env


@pytest.mark.parametrize("name", ["base", "overlays/shared-redis", "overlays/proxy-only"])
def test_what_the_sidecar_is_told_can_be_read(name: str) -> None:
    """Its configuration and rules are right, its variables are keys, and its flags are the program's."""
    data = one(built(name), "ConfigMap")["data"]
    assert data["config.yaml"] == (BASE / "config.yaml").read_text()
    assert isinstance(compile_rules([("rules.yaml", data["rules.yaml"])]), Ruleset)
    sidecar = container(pod(built(name))["spec"], "sidegate")
    said = {e["name"]: e.get("value", "agent-0") for e in sidecar["env"] if e["name"] != "REDIS_URL"}
    layers = read_layers(BASE / "config.yaml", environ=said)
    assert isinstance(layers, Layers), layers
    assert layers.config.serve.rules == ("/etc/sidegate/rules.yaml",)
    mounts = {m["mountPath"] for m in sidecar["volumeMounts"]}
    assert {"/srv/trust", "/etc/sidegate", "/var/lib/sidegate"} <= mounts
    assert layers.config.ca.publish == "/srv/trust"


def test_every_flag_is_one_that_sidegate_has() -> None:
    """The command lines, checked against the program's own help."""
    spec = pod(built("base"))["spec"]
    for name in ("sidegate", "capture"):
        assert unknown_flags(container(spec, name)["args"]) == []


def test_the_image_is_the_version() -> None:
    """What is deployed is what is here, and one place changes it."""
    project: Any = (ROOT / "pyproject.toml").read_text()
    version = project.split('version = "', 1)[1].split('"', 1)[0]
    spec = pod(built("base"))["spec"]
    assert {container(spec, n)["image"] for n in ("capture", "sidegate")} == {f"sidegate:{version}"}


def test_secrets_can_be_read_by_the_sidecar() -> None:
    """Kubernetes gives them to root and the pod's group, which is the sidecar's."""
    spec = pod(built("base"))["spec"]
    (secrets,) = [v["secret"] for v in spec["volumes"] if v["name"] == "secrets"]
    assert secrets["defaultMode"] == 0o440
    assert spec["securityContext"]["fsGroup"] == container(spec, "sidegate")["securityContext"]["runAsGroup"]
