"""Five servers behind one sidecar, whose rules let `safe` pass and nothing else."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.authority import Authority
from tests.acceptance.reviewer import Reviewer
from tests.acceptance.sidecar import Sidecar, witness_beside
from tests.mcp_evasion.judging import Witnessed, read_witness
from tests.mcp_servers.running import SDKS, McpServer, serving

RULES = """\
version: 1
rules:
  - id: reads
    match: {server: "*", tool: safe}
    tier: 1
    evidence: it gets a number
    examples: [{request: {server: bank, tool: safe, arguments: {x: 1}}, tier: 1}]
  - id: acts
    match: {server: "*", tool: [danger, pay]}
    tier: 4
    examples: [{request: {server: bank, tool: danger, arguments: {x: 1}}, tier: 4}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The sidecar and its servers. `proxy`: what payloads are sent through, None to go past the gate."""

    sidecar: Sidecar
    reviewer: Reviewer
    servers: Mapping[str, McpServer]
    witness: Path
    proxy: str | None

    @property
    def left(self) -> list[Witnessed]:
        """What has left, in order."""
        return read_witness(self.witness.read_text().splitlines()) if self.witness.exists() else []


@contextmanager
def set_up(folder: Path, *, direct: bool = False) -> Iterator[Place]:
    """The place, until the block ends; `direct`: payloads go past the gate. Raises locked.NotInstallable."""
    with ExitStack() as stack:
        servers = {sdk: stack.enter_context(serving(sdk, folder)) for sdk in SDKS}
        entries = "".join(
            f"  - {{name: {sdk}, url: {server.url}, trust: first-use}}\n" for sdk, server in servers.items()
        )
        config = 'version: 1\ndestinations: {allow: ["127.0.0.1"]}\nnew_holds: {most: 10000}\n'
        authority = Authority.create(folder)
        sidecar = Sidecar(upstream_ca=authority.ca, rules=RULES, config=f"{config}mcp_servers:\n{entries}")
        stack.enter_context(sidecar)
        yield Place(
            sidecar=sidecar,
            reviewer=Reviewer(sidecar),
            servers=servers,
            witness=witness_beside(authority.ca),
            proxy=None if direct else sidecar.proxy,
        )
