"""What an agent's process has that it should not: each in a process that has it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.doctor import standing
from proxy.doctor.finding import Level
from proxy.doctor.standing import Gate, examine
from tests.nets import needs_nets

ROOT = Path(__file__).parents[3]
SCRIPT = """
import json, os, sys
from pathlib import Path
from proxy.capture.kernel import lose_privileges
from proxy.doctor.standing import Gate, examine
lose, uid, gate, folder = sys.argv[1:]
if lose == "lose":
    lose_privileges(uid=int(uid), gid=int(uid), groups=[])
found = examine(Gate(uid=int(gate), data_dir=Path(folder)), os.environ)
print(json.dumps({one.check: one.level for one in found if one.level != "ok"}))
"""


def told(environment: Mapping[str, str]) -> dict[str, str]:
    """What `sidegate env` sets, as far as it is looked at."""
    proxies = dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:8080"
    )
    bundles = dict.fromkeys(standing._BUNDLES, "/etc/hostname")
    return {**proxies, **bundles, "NO_PROXY": "", **environment}


def found(*arguments: str, folder: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What is not as it should be for such a process."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments, str(folder)],
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), **told(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


@needs_nets
def test_a_good_agent(tmp_path: Path) -> None:
    """Another user, no capability, no keys in sight, settings as they should be."""
    assert found("lose", "1500", "1337", folder=tmp_path) == {}


@needs_nets
def test_the_sidecars_user(tmp_path: Path) -> None:
    """It is left alone by the rules, and reads the keys."""
    assert found("lose", "1337", "1337", folder=tmp_path) == {"agent.user": "fault"}


@needs_nets
def test_root(tmp_path: Path) -> None:
    """Without capabilities a doubt, with them a fault."""
    assert found("lose", "0", "1337", folder=tmp_path) == {"agent.user": "doubt"}
    assert found("keep", "0", "1337", folder=tmp_path) == {
        "agent.user": "doubt",
        "agent.capabilities": "fault",
    }


@needs_nets
def test_keys_in_sight(tmp_path: Path) -> None:
    """A volume that the agent should not have."""
    (tmp_path / "operator.token").write_text("t")
    assert found("lose", "0", "1337", folder=tmp_path)["agent.keys"] == "fault"


ENVIRONMENTS = {
    "no proxy": ({"https_proxy": ""}, {"agent.proxy": Level.DOUBT}),
    "hosts past it": ({"NO_PROXY": "*"}, {"agent.proxy": Level.DOUBT}),
    "no bundle": ({"REQUESTS_CA_BUNDLE": ""}, {"agent.trust": Level.DOUBT}),
    "a bundle that is not there": ({"SSL_CERT_FILE": "/nowhere"}, {"agent.trust": Level.FAULT}),
}


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_settings(case: str) -> None:
    """What leads clients past the gate, or has them distrust it."""
    environment, expected = ENVIRONMENTS[case]
    about = examine(Gate(), told(environment))
    wrong = {one.check: one.level for one in about if one.level is not Level.OK}
    assert {
        check: level for check, level in wrong.items() if check in ("agent.proxy", "agent.trust")
    } == expected


def test_a_container_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that somebody listens on; one that nobody does, and none, are harmless."""
    path = str(tmp_path / "docker.sock")
    monkeypatch.setattr(standing, "_ERRANDS", (path,))
    assert standing._errands().level is Level.OK
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(path)
        assert standing._errands().level is Level.OK
        engine.listen()
        assert standing._errands().level is Level.FAULT
