"""The agent's variables on Kubernetes are those of `sidegate env`: every client is led and trusts there."""

from pathlib import Path

import pytest

from proxy.cli.environment import TRUSTED, environment
from tests.deploy.shipped import Manifest, built, container, pod, rendered
from tests.deploy.test_admission import agent, injected

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]

SHELF = Path("/srv/trust")
OWN = "-Xmx64m"


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, str]:
    """What `sidegate env` says for a pod."""
    for name in TRUSTED:
        (tmp_path / name).write_text("certificates\n")
    return environment(tmp_path, "http://127.0.0.1:8080", shelf=SHELF)


def trust(whole: dict[str, str]) -> dict[str, str]:
    """The part of it that capture does not make needless."""
    found = {name: value for name, value in whole.items() if value.startswith(f"{SHELF}/")}
    options = whole["JAVA_TOOL_OPTIONS"].split()
    return found | {"JAVA_TOOL_OPTIONS": " ".join(word for word in options if ".trustStore" in word)}


def variables(spec: Manifest, name: str = "agent") -> dict[str, str]:
    """Those of a container; of two with one name the last counts."""
    return {each["name"]: each["value"] for each in container(spec, name)["env"]}


def test_all_that_is_asked_for_is_there(whole: dict[str, str]) -> None:
    """The agent reads each file that a variable names."""
    assert {path for path in trust(whole).values() if path.startswith("/")} == {
        str(SHELF / name) for name in ("ca.pem", "ca-bundle.pem")
    }
    assert f"trustStore={SHELF}/ca-bundle.p12" in trust(whole)["JAVA_TOOL_OPTIONS"]


def test_captured(whole: dict[str, str]) -> None:
    """Whom to trust, and nothing else."""
    assert variables(pod(built("base"))["spec"]) == trust(whole)
    assert variables(pod(rendered())["spec"]) == trust(whole)


def test_not_captured(whole: dict[str, str]) -> None:
    """All of it."""
    assert variables(pod(built("overlays/proxy-only"))["spec"]) == whole
    assert variables(pod(rendered({"capture": {"enabled": False}}))["spec"]) == whole


def test_injected(whole: dict[str, str]) -> None:
    """As where it is captured; but options that a container has for Java stay its own."""
    given = agent()
    given["spec"]["containers"][1]["env"].append({"name": "JAVA_TOOL_OPTIONS", "value": OWN})
    made = injected(given)["spec"]
    assert variables(made, "bot") == trust(whole)
    assert variables(made, "other") == trust(whole) | {"JAVA_TOOL_OPTIONS": OWN}
