"""The suite's client behind a sidecar of its own: `python -m tests.conformance.behind COMMAND... URL`.

The suite gives every scenario a server at a new port, so the sidecar is configured when the URL is known.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.authority import Authority
from tests.acceptance.sidecar import Sidecar

PASSING = """\
version: 1
rules:
  - id: fixture
    match: {server: fixture, tool: "*"}
    tier: 1
    evidence: the suite may do all of it
    examples: [{request: {server: fixture, tool: any, arguments: {}}, tier: 1}]
"""
_CONFIG = """\
version: 1
destinations: {{allow: [localhost, "127.0.0.1"]}}
new_holds: {{most: 1000}}
mcp_servers: [{{name: fixture, url: "{url}", trust: first-use}}]
"""
# The suite starts all its scenarios at once, and a machine has only so many processors.
_AT_ONCE = 3
_LOG = "SIDEGATE_CONFORMANCE_LOG"


def leading(sidecar: Sidecar) -> dict[str, str]:
    """The environment that leads programs through `sidecar`."""
    return {
        "HTTP_PROXY": sidecar.proxy,
        "http_proxy": sidecar.proxy,
        "NODE_USE_ENV_PROXY": "1",
        "NO_PROXY": "",
        "no_proxy": "",
    }


@contextmanager
def standing(url: str, *, rules: str = PASSING) -> Iterator[Sidecar]:
    """A sidecar that knows the server at `url`."""
    with tempfile.TemporaryDirectory(prefix="sidegate-conformance-") as folder:
        authority = Authority.create(Path(folder))
        config = _CONFIG.format(url=url)
        with Sidecar(upstream_ca=authority.ca, rules=rules, config=config) as sidecar:
            yield sidecar


def main(command: Sequence[str]) -> int:
    """Run the command with a sidecar in its way; returns its exit code."""
    url = command[-1].rstrip("/") if command[-1].count("/") < 4 else command[-1]
    with _turn(), standing(url) as sidecar:
        code = subprocess.run(command, env={**os.environ, **leading(sidecar)}, check=False).returncode
        if log := os.environ.get(_LOG):
            with Path(log).open("a") as file:
                file.write(f"=== {os.environ.get('MCP_CONFORMANCE_SCENARIO')}\n{sidecar.log}")
    return code


@contextmanager
def _turn() -> Iterator[None]:
    """Until this process may go."""
    place = Path(tempfile.gettempdir()) / f"sidegate-conformance-{os.getpid() % _AT_ONCE}.turn"
    with place.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
