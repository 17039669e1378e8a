"""The admission policies: what is injected, and which pods are refused, by the policies' own expressions.

No API server runs here: expressions are evaluated by another implementation of CEL, with Kubernetes' typed
objects read as mappings and the position of a container given; schemas are checked in `test_manifests`.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from cel_expr_python import cel

from tests.deploy.shipped import VERSIONS, Manifest, built, complaints, container, one, pod

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]


_TYPED = re.compile(r"\b(?:Object(?:\.\w+)*|JSONPatch)\{")
_MEMBER = re.compile(r"(?<=[{,\s])([a-zA-Z]\w*): ")


def evaluated(source: str, variables: dict[str, Any]) -> Any:
    """What an expression gives."""
    plain = _MEMBER.sub(r'"\1": ', _TYPED.sub("{", source))
    plain = plain.replace("object.spec.containers.indexOf(c)", "places[c.name]")
    env = cel.NewEnv(variables=dict.fromkeys(("object", "variables", "places"), cel.Type.DYN))
    places = {c["name"]: n for n, c in enumerate(variables["object"]["spec"]["containers"])}
    return env.compile(plain).eval(data={**variables, "places": places}).plain_value()


def with_variables(policy: Manifest, checked: Manifest) -> dict[str, Any]:
    """The pod, and the policy's variables as they are for it."""
    known: dict[str, Any] = {"object": checked, "variables": {}}
    for each in policy["spec"].get("variables", []):
        known["variables"] = known["variables"] | {each["name"]: evaluated(each["expression"], known)}
    return known


def injected(given: Manifest) -> Manifest:
    """The pod after all mutations."""
    policy = one(built("admission"), "MutatingAdmissionPolicy")
    made = deepcopy(given)
    for mutation in policy["spec"]["mutations"]:
        for step in evaluated(mutation["jsonPatch"]["expression"], with_variables(policy, made)):
            *parents, last = step["path"].strip("/").split("/")
            place: Any = made
            for part in parents:
                place = place[int(part)] if isinstance(place, list) else place[part]
            assert step["op"] == "add"
            place[last] = step["value"]
    return made


def refusals(checked: Manifest) -> list[str]:
    """What the policy has against a pod."""
    policy = one(built("admission"), "ValidatingAdmissionPolicy")
    known = with_variables(policy, checked)
    rules = policy["spec"]["validations"]
    return [rule["message"] for rule in rules if evaluated(rule["expression"], known) is not True]


def agent() -> Manifest:
    """A pod of somebody who knows nothing of Sidegate, but keeps to the rules of agents."""
    locked = {"runAsUser": 1500, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bot"},
        "spec": {
            "initContainers": [{"name": "setup", "image": "a", "securityContext": locked}],
            "containers": [
                {"name": "bot", "image": "b", "securityContext": locked},
                {
                    "name": "other",
                    "image": "c",
                    "securityContext": locked,
                    "env": [{"name": "SSL_CERT_FILE", "value": "/own.pem"}],
                    "volumeMounts": [{"name": "work", "mountPath": "/work"}],
                },
            ],
            "volumes": [{"name": "work", "emptyDir": {}}],
        },
    }


def test_what_is_injected() -> None:
    """Capture and the sidecar come first, everything of the pod's own stays, certificates are mounted."""
    made = injected(agent())["spec"]
    assert [c["name"] for c in made["initContainers"]] == ["sidegate-capture", "sidegate", "setup"]
    for name in ("bot", "other"):
        env = {e["name"]: e["value"] for e in container(made, name)["env"]}
        assert env["SSL_CERT_FILE"] == "/srv/trust/ca-bundle.pem"
        assert container(made, name)["volumeMounts"][-1]["readOnly"] is True
    assert made["volumes"][0]["name"] == "work"
    assert refusals(injected(agent())) == []


def test_it_is_the_sidecar_of_the_manifests() -> None:
    """The same probes, rights and limits."""
    ours, theirs = pod(built("base"))["spec"], injected(agent())["spec"]
    pairs = (("capture", "sidegate-capture"), ("sidegate", "sidegate"))
    for name, other in pairs:
        left, right = container(ours, name), container(theirs, other)
        right["securityContext"] = dict(right["securityContext"])
        assert right["securityContext"].pop("seccompProfile") == ours["securityContext"]["seccompProfile"]
        for part in set(left) - {"name", "env", "volumeMounts"}:
            assert left[part] == right[part], part


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("bare", [True, False])
def test_the_result_is_a_pod(version: str, bare: bool, tmp_path: Any) -> None:
    """Also where the pod had neither volumes nor containers that come first."""
    given = agent()
    if bare:
        for part in ("initContainers", "volumes"):
            del given["spec"][part]
        given["spec"]["containers"] = given["spec"]["containers"][:1]
    assert complaints((injected(given),), version=version, folder=tmp_path) == ""


def test_the_manifests_are_admitted() -> None:
    """What is shipped keeps to the policy that is shipped."""
    assert refusals(pod(built("base"))) == []
    assert refusals(pod(built("overlays/shared-redis"))) == []


def _first(spec: Manifest) -> Manifest:
    found: Manifest = spec["containers"][0]
    return found


ATTACKS: dict[str, Callable[[Manifest], object]] = {
    "no sidecar": lambda spec: spec.pop("initContainers"),
    "something before capture": lambda spec: spec["initContainers"].insert(0, spec["initContainers"].pop()),
    "no capture": lambda spec: spec["initContainers"].pop(0),
    "a sidecar that ends": lambda spec: spec["initContainers"][1].pop("restartPolicy"),
    "another image": lambda spec: spec["initContainers"][1].update(image="evil/notsidegate:1"),
    "an image named like it": lambda spec: spec["initContainers"][0].update(image="evil/sidegate-x:1"),
    "a second of the name": lambda spec: spec["initContainers"].append({**_first(spec), "name": "capture"}),
    "the node's network": lambda spec: spec.update(hostNetwork=True),
    "the node's processes": lambda spec: spec.update(hostPID=True),
    "shared processes": lambda spec: spec.update(shareProcessNamespace=True),
    "root": lambda spec: _first(spec)["securityContext"].update(runAsUser=0),
    "the sidecar's user": lambda spec: _first(spec)["securityContext"].update(runAsUser=1337),
    "any user": lambda spec: _first(spec)["securityContext"].pop("runAsUser"),
    "no security context": lambda spec: _first(spec).pop("securityContext"),
    "privileged": lambda spec: _first(spec)["securityContext"].update(privileged=True),
    "rights to be gained": lambda spec: _first(spec)["securityContext"].pop("allowPrivilegeEscalation"),
    "net admin": lambda spec: _first(spec)["securityContext"].update(
        capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}
    ),
    "capabilities kept": lambda spec: _first(spec)["securityContext"].update(
        capabilities={"drop": ["CHOWN"]}
    ),
    "root in an init container": lambda spec: spec["initContainers"][2].update(
        securityContext={"runAsUser": 0}
    ),
    "root in an ephemeral one": lambda spec: spec.update(
        ephemeralContainers=[{"name": "debug", "image": "b", "securityContext": {"runAsUser": 0}}]
    ),
    "the data folder": lambda spec: _first(spec)["volumeMounts"].append(
        {"name": "sidegate-data", "mountPath": "/x", "readOnly": True}
    ),
    "certificates to write": lambda spec: _first(spec)["volumeMounts"].append(
        {"name": "sidegate-trust", "mountPath": "/x"}
    ),
    "a path of the node": lambda spec: spec["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
}


@pytest.mark.parametrize("case", ATTACKS)
def test_ways_around_it_are_refused(case: str) -> None:
    """Each by one sentence that says what to change."""
    made = injected(agent())
    # The steps of a patch share what they put in.
    made = deepcopy(made)
    for each in made["spec"]["containers"] + made["spec"]["initContainers"]:
        each["securityContext"] = deepcopy(each.get("securityContext", {}))
    ATTACKS[case](made["spec"])
    assert refusals(made), case
