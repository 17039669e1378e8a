"""One sidecar and one server, which clients reach over HTTP through it or as a wrapped command."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.acceptance.authority import Authority
from tests.acceptance.reviewer import Reviewer
from tests.acceptance.sidecar import Sidecar
from tests.mcp_servers.running import McpServer, command, read_executed, serving

_LAUNCHER = Path(__file__).parents[2] / "sidegate.py"
_RULES = """\
version: 1
rules:
  - id: reads
    match: {server: bank, tool: safe}
    tier: 1
    evidence: it gets a number
    examples: [{request: {server: bank, tool: safe, arguments: {x: 1}}, tier: 1}]
  - id: acts
    match: {server: bank, tool: [danger, pay]}
    tier: 4
    examples: [{request: {server: bank, tool: pay, arguments: {amount: 1}}, tier: 4}]
"""
_CONFIG = """\
version: 1
destinations: {{allow: [localhost]}}
new_holds: {{most: 10000}}
mcp_servers: [{{name: bank, url: "{url}", trust: first-use}}]
"""


class Carrier(StrEnum):
    """What carries the messages."""

    HTTP = "HTTP"
    """Streamable HTTP through the sidecar."""
    STDIO = "stdio"
    """A command, wrapped by `sidegate mcp`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What clients need to connect, and where to look for what came of their calls."""

    sidecar: Sidecar
    reviewer: Reviewer
    server: McpServer
    sdk: str

    @property
    def folder(self) -> Path:
        """Where logs may be written."""
        return self.sidecar.folder

    @property
    def wrapped(self) -> list[str]:
        """The command that a client starts in place of the server's."""
        files = [f"--rules={self.folder / 'rules.yaml'}", f"--config={self.folder / 'config.yaml'}"]
        gate = [sys.executable, str(_LAUNCHER), "mcp", "--name=bank", *files]
        return [*gate, f"--data-dir={self.sidecar.data_dir}", "--", *command(self.sdk, self._executed_file)]

    def where(self, carrier: Carrier) -> str:
        """What a client connects to."""
        return self.server.url if carrier is Carrier.HTTP else json.dumps(self.wrapped)

    @property
    def environment(self) -> dict[str, str]:
        """What leads a client over HTTP through the sidecar."""
        proxy = self.sidecar.proxy
        return {"HTTP_PROXY": proxy, "http_proxy": proxy, "NODE_USE_ENV_PROXY": "1", "NO_PROXY": ""}

    def executed(self, carrier: Carrier) -> list[dict[str, object]]:
        """The calls that the server has run, in order."""
        return self.server.executed if carrier is Carrier.HTTP else read_executed(self._executed_file)

    @property
    def _executed_file(self) -> Path:
        return self.folder / "stdio.executed"


@contextmanager
def set_up(folder: Path, *, sdk: str = "mcp2") -> Iterator[Stage]:
    """A stage with a server on `sdk`, until the block ends. Raises locked.NotInstallable."""
    with serving(sdk, folder) as here:
        url = here.url.replace("127.0.0.1", "localhost")
        server = McpServer(url=url, executed_file=here.executed_file)
        authority = Authority.create(folder)
        config = _CONFIG.format(url=url)
        with Sidecar(upstream_ca=authority.ca, rules=_RULES, config=config) as sidecar:
            yield Stage(sidecar=sidecar, reviewer=Reviewer(sidecar), server=server, sdk=sdk)
