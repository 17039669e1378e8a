"""SIGTERM under load: what an upstream was asked is answered whole, and all that is held is there."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.clients import Call, with_requests
from tests.acceptance.processes import until
from tests.acceptance.sidecar import OPEN_LOCALHOST, Sidecar
from tests.acceptance.upstream import Upstream

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]

RULES = (
    'version: 1\nrules:\n  - {id: pay, match: {host: localhost, method: POST, path: "/pay/**"}, tier: 4}\n'
)
CONFIG = f"{OPEN_LOCALHOST}new_holds: {{most: 100000}}\n"
AGENTS = 6
BYTES = 50_000


@dataclass(slots=True, kw_only=True)
class Agent:
    """Asks without a pause, a read and a payment in turn, until nobody answers."""

    name: int
    sidecar: Sidecar
    upstream: Upstream
    read: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    def run(self, busy: threading.Event) -> None:
        """Go on until a connection is refused or cut off."""
        for n in range(100_000):
            query = f"agent={self.name}&n={n}"
            try:
                answer = with_requests(self._call("GET", f"/bytes/{BYTES}?{query}"))
                assert (answer.status, len(answer.body)) == (200, BYTES)
                self.read.append(query)
                held = with_requests(self._call("POST", f"/pay/{self.name}-{n}"))
            except ConnectionError:
                return
            assert held.status == 403, held
            self.held.append(str(held.header("Sidegate-Hold")))
            if n == 3:
                busy.set()

    def _call(self, method: str, path: str) -> Call:
        return Call(
            method=method,
            url=self.upstream.url(path),
            headers=(("Prefer", "wait=0"), ("Content-Type", "application/json")),
            body=b"{}" if method == "POST" else None,
            proxy=self.sidecar.proxy,
            ca=self.sidecar.ca_bundle,
        )


def test_nothing_is_lost_half_way(tmp_path: Path) -> None:
    """Every read that reached the upstream was answered whole, every hold that was told of is found again."""
    authority = Authority.create(tmp_path)
    with (
        Upstream(authority.issue()) as upstream,
        Sidecar(upstream_ca=authority.ca, rules=RULES, config=CONFIG) as sidecar,
        ThreadPoolExecutor(AGENTS) as pool,
    ):
        agents = [Agent(name=n, sidecar=sidecar, upstream=upstream) for n in range(AGENTS)]
        flags = [threading.Event() for _ in agents]
        running = [pool.submit(agent.run, busy) for agent, busy in zip(agents, flags, strict=True)]
        until(lambda: all(busy.is_set() for busy in flags), deadline=60, what="all agents to be busy")
        process = sidecar._alive()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(45) == 0
        sidecar._process = None
        for one in running:
            one.result(60)
        answered = {query for agent in agents for query in agent.read}
        assert {received.target.partition("?")[2] for received in upstream.select("GET")} == answered
        assert upstream.count("POST") == 0
        sidecar.start()
        told = {hold for agent in agents for hold in agent.held}
        assert len(told) >= AGENTS * 3
        assert all(sidecar.hold(hold)["state"] == "pending" for hold in sorted(told)[:20])
        assert "Traceback" not in sidecar.log
