"""A sample of the faults: each strikes, and nothing reaches the upstream without a record."""

import asyncio
import ssl
import warnings
from collections.abc import Iterator

import httpx2
import pytest

from tests.acceptance.planted import OWN, Fault, find
from tests.faults import kills, rounds
from tests.faults.bench import Bench
from tests.faults.kills import Kill
from tests.faults.rounds import Round
from tests.faults.steps import JUDGING, NAMES, REPLAYING, Step

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One sidecar for all of them: what a fault leaves behind must not help the next one."""
    with Bench.built(tmp_path_factory.mktemp("faults")) as bench:
        yield bench


SAMPLE = [
    ("addons.default_deny:DefaultDeny.server_connect", Fault.RAISE),
    ("addons.enforce:Enforce.request", Fault.RAISE),
    ("addons.enforce:Enforce.judge_at_once", Fault.TIMEOUT),
    ("proxy.gate:Gate._pass", Fault.KILL),
    ("proxy.store.store:Store.killed", Fault.HANG),
    ("proxy.store.store:Store.open", Fault.OWN),
    ("proxy.witness:Witness.record", Fault.OWN),
    ("proxy.credentials.credentials:Credentials.supply", Fault.OWN),
    ("proxy.replay.line:Line.cross", Fault.KILL),
]


def step(name: str) -> Step:
    """The step of that name."""
    return next(step for step in (*JUDGING, *REPLAYING) if step.name == name)


@pytest.mark.parametrize(("name", "fault"), SAMPLE, ids=[f"{name} {fault}" for name, fault in SAMPLE])
def test_nothing_leaves_unjudged(bench: Bench, name: str, fault: Fault) -> None:
    """The fault strikes, and all that the upstream has got by then has its own record."""
    struck = asyncio.run(rounds.run(bench, Round(step=step(name), fault=fault, strikes=1)))
    assert struck > 0
    assert bench.unjudged() == []


def test_a_store_that_dies(bench: Bench) -> None:
    """In the middle of requests of every tier."""
    assert asyncio.run(kills.strike(bench, Kill.STORE, after=0.02)) == 1
    assert bench.unjudged() == []


def test_what_nobody_judged_is_seen(bench: Bench) -> None:
    """A request past the sidecar is what the comparison is there for."""
    trust = ssl.create_default_context(cafile=bench.witness.with_name("ca.pem"))
    before = len(bench.unjudged())
    with httpx2.Client(verify=trust, trust_env=False) as client:
        client.get(bench.upstream.url("/past/the/gate"))
    assert len(bench.unjudged()) == before + 1


@pytest.mark.parametrize("name", NAMES)
def test_steps_exist(name: str) -> None:
    """The table names functions that are there."""
    with warnings.catch_warnings():
        # What mitmproxy's filter language is written with has given up the names it uses.
        warnings.simplefilter("ignore", DeprecationWarning)
        assert callable(getattr(*find(name)))


@pytest.mark.parametrize("module", OWN)
def test_announced_exceptions_exist(module: str) -> None:
    """Each is an exception."""
    assert issubclass(getattr(*find(OWN[module])), Exception)
