"""Fixtures for acceptance tests; whatever they need and do not find fails with the cure."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.clients import CLIENTS, Answer, Call
from tests.acceptance.sidecar import OPEN_LOCALHOST, Sidecar, witness_beside
from tests.acceptance.upstream import Upstream
from tests.acceptance.witnessed import check

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, so that `-m 'not acceptance'` leaves it out."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.acceptance)


class StartSidecar(Protocol):
    """Starts one more sidecar, which ends with the test."""

    def __call__(self, *, rules: str | None = None, config: str = OPEN_LOCALHOST) -> Sidecar:
        """Give the texts of its rules and its configuration."""
        ...


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One CA for all upstreams of the run."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def witness(authority: Authority) -> Path | None:
    """What the run's sidecars wrote of all that left; None in a module whose calls go direct."""
    return witness_beside(authority.ca)


@pytest.fixture
def upstream(authority: Authority, witness: Path | None) -> Iterator[Upstream]:
    """An empty upstream that speaks HTTP/1.1; in the end, each request that it executed has its record."""
    with Upstream(authority.issue()) as upstream:
        yield upstream
        if witness is not None:
            check(upstream.port, upstream.executed, witness)


@pytest.fixture
def upstream_http2(authority: Authority, witness: Path | None) -> Iterator[Upstream]:
    """An empty upstream that offers HTTP/2 before HTTP/1.1, checked likewise."""
    with Upstream(authority.issue(), alpn=("h2", "http/1.1")) as upstream:
        yield upstream
        if witness is not None:
            check(upstream.port, upstream.executed, witness)


@pytest.fixture(scope="module")
def rules() -> str | None:
    """The rules of the module's shared sidecar; a test module overrides this, None is defaults."""
    return None


@pytest.fixture(scope="module")
def sidecar(authority: Authority, rules: str | None) -> Iterator[Sidecar]:
    """One sidecar for all tests of a module; a test that kills one starts its own."""
    with Sidecar(upstream_ca=authority.ca, rules=rules) as sidecar:
        yield sidecar


@pytest.fixture
def start_sidecar(authority: Authority) -> Iterator[StartSidecar]:
    """Sidecars of this test alone, to be killed and started again."""
    with ExitStack() as stack:

        def start(*, rules: str | None = None, config: str = OPEN_LOCALHOST) -> Sidecar:
            own = Sidecar(upstream_ca=authority.ca, rules=rules, config=config)
            return stack.enter_context(own)

        yield start


@pytest.fixture(params=sorted(CLIENTS))
def client(request: pytest.FixtureRequest) -> Callable[[Call], Answer]:
    """Each real client in turn."""
    return CLIENTS[request.param]
