"""Fixtures for the data plane with sockets."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.addons.plane import Plane, Script, to

type StartPlane = Callable[[Script], Plane]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One CA for all upstreams of the run."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def own_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the plane's own CA, which takes long to make."""
    return tmp_path_factory.mktemp("plane")


@pytest.fixture
def upstream(authority: Authority) -> Iterator[Upstream]:
    """An empty upstream that speaks HTTP/1.1."""
    with Upstream(authority.issue()) as upstream:
        yield upstream


@pytest.fixture
def upstream_http2(authority: Authority) -> Iterator[Upstream]:
    """An empty upstream that offers HTTP/2 before HTTP/1.1."""
    with Upstream(authority.issue(), alpn=("h2", "http/1.1")) as upstream:
        yield upstream


@pytest.fixture
def start_plane(authority: Authority, own_authority: Path) -> Iterator[StartPlane]:
    """Data planes that end with the test."""
    with ExitStack() as stack:

        def start(gate: Script) -> Plane:
            return stack.enter_context(Plane(gate, folder=own_authority, trust=authority.ca))

        yield start


@pytest.fixture
def plane(start_plane: StartPlane, upstream: Upstream) -> Plane:
    """A data plane that lets everything through to `upstream`."""
    return start_plane(Script(verdict=to(upstream.port)))
