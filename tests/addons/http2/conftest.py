"""HTTP/2 clients of a data plane."""

from collections.abc import Callable, Iterator
from typing import cast

import pytest
from mitmproxy.proxy.context import Context

from addons.exchange import Refuse
from addons.http2.layer import BoundedHttp2
from addons.traffic import Traffic
from tests.acceptance.upstream import Upstream
from tests.addons.client2 import Client2
from tests.addons.conftest import StartPlane
from tests.addons.plane import (
    Plane,
    Script,
)

type Dial = Callable[..., tuple[Client2, Plane]]


@pytest.fixture(params=["h1", "h2"])
def either(request: pytest.FixtureRequest) -> Upstream:
    """An upstream of each version in turn."""
    name = {"h1": "upstream", "h2": "upstream_http2"}[request.param]
    return cast(Upstream, request.getfixturevalue(name))


@pytest.fixture
def dial(start_plane: StartPlane) -> Iterator[Dial]:
    """Opens a connection through a plane of its own."""
    opened = []

    def connect(gate: Script, port: int, *, take: bool = True) -> tuple[Client2, Plane]:
        plane = start_plane(gate)
        connection = plane.dial_tls(port, alpn=("h2",))
        opened.append(connection)
        assert connection.selected_alpn_protocol() == "h2"
        return Client2(connection, take=take, authority=f"localhost:{port}"), plane

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> list[BoundedHttp2]:
    """Every HTTP/2 layer that is made."""
    made: list[BoundedHttp2] = []

    class Recorded(BoundedHttp2):
        def __init__(self, context: Context, traffic: Traffic, refuse: Refuse) -> None:
            super().__init__(context, traffic, refuse)
            made.append(self)

    monkeypatch.setattr("addons.default_deny.BoundedHttp2", Recorded)
    return made
