"""One client under `sidegate exec`, in a pod whose world is reached by no other way than the gate."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.pod import Pod
from tests.trust.clients import Client

_SIDEGATE = (sys.executable, str(Path(__file__).parents[2] / "sidegate.py"))
_SECONDS = 90.0
WAYS = ("environment", "namespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether the client's request came to the upstream, and if not, its last word."""

    client: Client
    way: str
    works: bool
    said: str


def tried(running: Pod, client: Client, way: str) -> Outcome:
    """Run it; the upstream says whether it got there, and the gate that it passed it."""
    running.upstream.take()
    command = (*_SIDEGATE, "exec", "--quiet", "--network", way, "--data-dir", str(running.sidecar.data_dir))
    try:
        done = running.net.try_(*command, "--", *client.command, seconds=_SECONDS)
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = lines[-1][:160] if lines else f"ended with {done.returncode}"
    except subprocess.TimeoutExpired:
        said = f"did not end within {_SECONDS:g} s"
    return Outcome(client=client, way=way, works=bool(running.upstream.take().seen), said=said)
