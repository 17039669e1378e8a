"""The network's cases: none escapes from a captured pod, and an open one is noticed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.evasion.__main__ import DEFAULT_FILE
from tests.evasion.corpus import Case, Transport, load
from tests.evasion.isolation import Isolation
from tests.evasion.judging import Judged
from tests.nets import needs_nets

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.deploy,
    needs_nets,
    pytest.mark.skipif(not DEFAULT_FILE.exists(), reason="needs the file of cases"),
]


@pytest.fixture(scope="module")
def isolation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Isolation]:
    """One pod for all."""
    with Isolation(tmp_path_factory.mktemp("pod")) as running:
        yield running


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """Those of the network."""
    return {case.id: case for case in load(DEFAULT_FILE) if case.transport is Transport.NETNS}


def test_none_escapes(isolation: Isolation, cases: dict[str, Case]) -> None:
    """All twelve of them."""
    results = [isolation.run(case) for case in cases.values()]
    assert [result.observed for result in results if result.judged is not Judged.EXPECTED] == []
    assert len(results) == 12


def test_a_case_that_nobody_knows(isolation: Isolation, cases: dict[str, Case]) -> None:
    """It is not passed over."""
    case = replace(cases["NE-01"], id="NE-99")
    assert isolation.run(case).judged is Judged.ESCAPED


@pytest.mark.parametrize("name", ["NE-01", "NE-02", "NE-04", "NE-08"])
def test_an_open_pod_is_noticed(name: str, isolation: Isolation, cases: dict[str, Case]) -> None:
    """Without the rules, each of these gets out."""
    isolation.running.sidegate("capture", "down")
    try:
        assert isolation.run(cases[name]).judged is Judged.ESCAPED
    finally:
        isolation.running.up("--close", f"{isolation.running.console_port},6379")
