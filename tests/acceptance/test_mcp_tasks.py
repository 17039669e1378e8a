"""A client that drives tasks by itself: its application gets a held call's outcome, and nothing before."""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.acceptance.conftest import StartSidecar
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.test_mcp import server
from tests.environments.locked import NotInstallable, python
from tests.mcp_servers.running import McpServer

__all__ = ["server"]

_PATIENCE = 3.0
_ROOT = Path(__file__).parents[2]
_PROGRAM = _ROOT / "tests" / "clients" / "programs" / "fastmcp_tasks_client.py"


def _sidegate(sidecar: Sidecar, *words: str) -> str:
    command = [sys.executable, str(_ROOT / "sidegate.py"), *words, "--data-dir", str(sidecar.data_dir)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _waiting(sidecar: Sidecar) -> list[str]:
    lines = _sidegate(sidecar, "holds").splitlines()
    return [line.split()[0] for line in lines if " pending " in line]


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_fastmcp_waits_for_the_decision(start_sidecar: StartSidecar, server: McpServer, verb: str) -> None:
    """It polls the task; the call runs once, or never."""
    try:
        interpreter = python("fastmcp")
    except NotInstallable as error:
        pytest.skip(str(error))
    config = f'mcp_servers:\n  - {{name: bank, url: "{server.url}", trust: first-use}}\n'
    sidecar = start_sidecar(config=f'version: 1\ndestinations:\n  allow: ["localhost"]\n{config}')
    environment = os.environ | {"HTTP_PROXY": sidecar.proxy, "NO_PROXY": ""}
    command = [str(interpreter), str(_PROGRAM), server.url]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as client:
        until(lambda: _waiting(sidecar), what="the hold", deadline=90)
        # Longer than a held call waits by itself, after which it is a task.
        seen = monotonic()
        until(lambda: monotonic() > seen + _PATIENCE, what="the task", deadline=30)
        assert client.poll() is None
        [hold_id] = _waiting(sidecar)
        _sidegate(sidecar, verb, hold_id, *(["--yes"] if verb == "approve" else ["--reason", "no"]))
        out, _ = client.communicate(timeout=90)
    got: dict[str, Any] = json.loads(out.splitlines()[-1])
    paid = verb == "approve"
    assert got["structured"] == ({"payment": "to ada", "amount": 7} if paid else None)
    assert got["error"] is not paid
    assert ("REJECTED" in got["text"]) is not paid
    assert len(server.executed) == int(paid)
