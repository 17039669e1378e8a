"""The conformance suite, run direct and through the gate: one line for each scenario, with its counts."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.environments import locked

REQUIREMENTS = ("2025-11-25", "2026-07-28")

_LINE = re.compile(r"^[✓✗] .*", re.MULTILINE)
_SECONDS = 600


def server_side(url: str, requirements: str, *, env: Mapping[str, str]) -> list[str]:
    """What the suite says of the server at `url`. Raises locked.NotInstallable."""
    return _lines("server", "--url", url, "--requirements", requirements, env=env)


def client_side(command: Sequence[str], requirements: str, *, env: Mapping[str, str]) -> list[str]:
    """What the suite says of the client that `command` is. Raises locked.NotInstallable."""
    program = " ".join(command)
    arguments = ("--command", program, "--requirements", requirements, "--timeout", "600000")
    return _lines("client", *arguments, env=env)


def _lines(*arguments: str, env: Mapping[str, str]) -> list[str]:
    suite = locked.node("conformance") / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    done = subprocess.run(
        [*locked.node_program(), str(suite), *arguments],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env={**os.environ, **env},
        check=False,
        cwd=Path(__file__).parent,
    )
    return _LINE.findall(done.stdout)
