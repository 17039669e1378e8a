"""A sidecar with every step planted, an upstream behind it, and requests that are all different."""

import asyncio
import itertools
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.acceptance.authority import Authority
from tests.acceptance.planted import Fault, arm
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar, witness_beside
from tests.acceptance.upstream import Upstream
from tests.acceptance.witnessed import Trace, traces, unjudged
from tests.faults.steps import NAMES, Way

_ROOT = Path(__file__).parents[2]
_CONFIG = """
version: 1
destinations: {allow: [localhost]}
inline_wait: {usual: 0}
windows: {upstream: 3, grace_tier_3: 0, grace_tier_4: 0}
credentials: [{host: localhost, env: FAULTS_TOKEN}]
"""
_RULES = """
version: 1
rules:
  - {id: two, match: {host: localhost, method: POST, path: "/write/**"}, tier: 2}
"""
_METHODS = {Way.READ: "GET", Way.WRITE: "POST", Way.HOLD: "POST", Way.REPLAY: "POST"}
_LINE_PARTS = 2


@dataclass(slots=True, kw_only=True)
class Bench:
    """Everything that one run of faults needs. `ends`: how often a fault has ended the sidecar."""

    sidecar: Sidecar
    upstream: Upstream
    when: Path
    fired: Path
    witness: Path
    ends: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    @contextmanager
    def built(cls, folder: Path) -> Iterator["Bench"]:
        """Start everything, and end it again."""
        authority = Authority.create(folder / "authority")
        when, fired = folder / "when", folder / "fired"
        fired.touch()
        with (
            Upstream(authority.issue(), alpn=("h2", "http/1.1")) as upstream,
            Sidecar(
                upstream_ca=authority.ca,
                config=_CONFIG,
                rules=_RULES,
                environment={
                    "PYTHONPATH": str(_ROOT),
                    "PLANTED_WHEN": str(when),
                    "PLANTED_FIRED": str(fired),
                    "FAULTS_TOKEN": "token-of-the-faults",
                },
                launcher=(sys.executable, "-m", "tests.acceptance.planted", ",".join(NAMES)),
            ) as sidecar,
        ):
            witness = witness_beside(authority.ca)
            yield cls(sidecar=sidecar, upstream=upstream, when=when, fired=fired, witness=witness)

    def arm(self, step: str, fault: Fault) -> None:
        """Let a step fail from now on."""
        arm(self.when, step, fault)

    def disarm(self) -> None:
        """Repair it."""
        self.when.unlink(missing_ok=True)

    def count_fired(self) -> int:
        """How often a fault has struck so far."""
        return self.fired.read_bytes().count(b"\n")

    def revive(self) -> bool:
        """Wait until the sidecar is ready, started again if it has ended; tells whether it had."""
        until(lambda: self.sidecar.ended or self.sidecar.ready, deadline=30, what="the sidecar")
        if not self.sidecar.ended:
            return False
        self.sidecar.kill9()
        self.sidecar.start()
        self.ends += 1
        return True

    @contextmanager
    def clients(self, *, patience: float) -> Iterator[list[httpx2.AsyncClient]]:
        """HTTP/1.1 and HTTP/2 on connections that last, and HTTP/1.1 on a new one each time."""
        trust = ssl.create_default_context(cafile=self.sidecar.ca)
        fresh = httpx2.Limits(max_keepalive_connections=0)
        yield [
            httpx2.AsyncClient(
                proxy=self.sidecar.proxy,
                verify=trust,
                timeout=patience,
                trust_env=False,
                http2=http2,
                limits=limits,
            )
            for http2, limits in ((False, httpx2.Limits()), (True, httpx2.Limits()), (False, fresh))
        ]

    async def ask(self, client: httpx2.AsyncClient, way: Way) -> httpx2.Response | None:
        """Send one request that no other is like; None where there was no answer."""
        url = self.upstream.url(f"/{way}/{next(self._numbers)}")
        method = _METHODS[way]
        with suppress(httpx2.HTTPError, OSError, ssl.SSLError):
            return await client.request(method, url, json={"way": way} if method == "POST" else None)
        return None

    def unjudged(self) -> list[str]:
        """All that the upstream has got and that has no record of its own."""
        port = self.upstream.port
        # Read before the witness: whatever has arrived was recorded earlier.
        executed = [Trace.executed(port, e.method, e.target, e.body) for e in self.upstream.executed]
        fragments = self.upstream.fragments
        records = traces(self.witness)
        known = {(record.method, record.path) for record in records}
        lost = [piece for piece in fragments if _begins(piece) not in known]
        return [*map(repr, unjudged(executed, records)), *map(repr, lost), *self._twice()]

    def _twice(self) -> list[str]:
        """Requests that were executed more than once: each one that was sent is different."""
        seen: dict[str, int] = {}
        for received in self.upstream.executed:
            seen[received.target] = seen.get(received.target, 0) + 1
        return [f"executed {count} times: {target}" for target, count in seen.items() if count > 1]


def _begins(fragment: bytes) -> tuple[str, str]:
    parts = fragment.split(b" ", _LINE_PARTS)
    return parts[0].decode("latin-1"), parts[1].decode("latin-1") if len(parts) > 1 else ""


async def close(clients: list[httpx2.AsyncClient]) -> None:
    """End their connections."""
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.aclose())
