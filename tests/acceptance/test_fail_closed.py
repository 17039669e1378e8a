"""An exception planted in each step of the gate: nothing goes upstream, 503, a metric, a log line."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.clients import Call, curl
from tests.acceptance.planted import SECRET, Fault, arm
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

CONFIG = """
version: 1
destinations: {allow: [localhost]}
inline_wait: {usual: 0}
"""
RULES = """
version: 1
rules:
  - {id: two, match: {host: localhost, method: POST, path: /v1/drafts}, tier: 2}
"""
ROOT = Path(__file__).parents[2]

# A request of each tier, and every step between its last byte and the first byte upstream, in order,
# with the tiers whose requests meet it.
CALLS = {1: ("GET", "/bytes/5"), 2: ("POST", "/v1/drafts"), 3: ("POST", "/v1/other")}
STEPS = [
    ("proxy.gate:normalize", (1, 2, 3)),
    ("proxy.gate:classify", (1, 2, 3)),
    ("addons.default_deny:DefaultDeny.admit", (1, 2)),
    ("proxy.store.store:Store.killed", (2, 3)),
    ("proxy.agent:bind", (3,)),
    ("proxy.agent:fingerprint", (3,)),
    ("proxy.keys.sealed:Sealed.close_action", (3,)),
    ("proxy.store.store:Store.open", (3,)),
    ("proxy.keeping:Keeping.wait", (3,)),
    ("proxy.holding:standing", (3,)),
]

type Step = tuple[str, tuple[int, ...]]


@pytest.fixture(params=STEPS, ids=[step for step, _ in STEPS])
def step(request: pytest.FixtureRequest) -> Step:
    """One step, and the tiers that meet it."""
    named: Step = request.param
    return named


@pytest.fixture
def broken(step: Step, authority: Authority) -> Iterator[Sidecar]:
    """A sidecar whose step raises."""
    with _breaking(step[0], authority) as sidecar:
        yield sidecar


@contextmanager
def _breaking(step: str, authority: Authority) -> Iterator[Sidecar]:
    with tempfile.TemporaryDirectory() as folder:
        armed = Path(folder) / "armed"
        with Sidecar(
            upstream_ca=authority.ca,
            config=CONFIG,
            rules=RULES,
            environment={"PLANTED_WHEN": str(armed), "PYTHONPATH": str(ROOT)},
            launcher=(sys.executable, "-m", "tests.acceptance.planted", step),
        ) as sidecar:
            arm(armed, step, Fault.RAISE)
            yield sidecar


def test_nothing_passes(broken: Sidecar, step: Step, upstream: Upstream) -> None:
    """Each tier that meets the broken step gets a 503, over HTTP/1.1 and HTTP/2; the sidecar lives."""
    for tier in step[1]:
        method, path = CALLS[tier]
        for flag in ("--http1.1", "--http2"):
            answer = curl(
                Call(
                    method=method,
                    url=upstream.url(path),
                    body=b"{}" if method == "POST" else None,
                    proxy=broken.proxy,
                    ca=broken.ca_bundle,
                ),
                flag,
            )
            assert answer.status == 503, f"tier {tier} over {flag}"
            told = json.loads(answer.body)
            assert told["reason_id"] == "gate_failed"
            # Once there is a hold, a human may approve it: then nothing denies that it ran.
            assert told["executed"] is (None if "hold_id" in told else False)
            assert ("hold_id" in told) is step[0].startswith(("proxy.holding:", "proxy.keeping:"))
    assert upstream.count() == 0
    assert broken.metric("sidegate_failed_closed_total", reason_id="gate_failed") == 2 * len(step[1])
    assert broken.log.count("gate.failed error=PlantedError") == 2 * len(step[1])
    assert SECRET not in broken.log


def test_no_tunnel_opens(authority: Authority, upstream: Upstream) -> None:
    """When destinations cannot be judged, the CONNECT itself is answered with 503."""
    with _breaking("proxy.destinations:Destinations.find", authority) as broken:
        call = Call(url=upstream.url("/bytes/5"), proxy=broken.proxy, ca=broken.ca_bundle)
        with pytest.raises(ConnectionError, match="response 503"):
            curl(call)
        assert upstream.connections == 0
        assert broken.metric("sidegate_failed_closed_total", reason_id="gate_failed") == 1
