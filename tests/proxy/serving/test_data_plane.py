"""The agents' listener as a part: what it is set to, what it lets through, how it opens and ends."""

import asyncio
import gc
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from mitmproxy import options

from addons.exchange import Passage, Request, Tunnel
from proxy.data_dir.authority import ensure_authority
from rules.reply import Reply, refused
from rules.verdict import ReasonId, Refusal
from tests.acceptance.authority import Authority
from tests.acceptance.received import Stage
from tests.acceptance.upstream import Upstream
from tests.addons.plane import Plane, Script, eventually, read_all, read_until, to

with warnings.catch_warnings():
    # What mitmproxy's filter language is written with has given up the names it uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    from proxy.serving.data_plane import DataPlane

type Start = Callable[[Script], Plane]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make the authority of the upstreams."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def upstream(authority: Authority) -> Iterator[Upstream]:
    """Run a recording upstream."""
    with Upstream(authority.issue()) as running:
        yield running


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a deployment's own authority, as a sidecar does."""
    folder = tmp_path_factory.mktemp("data")
    ensure_authority(folder)
    return folder


@pytest.fixture
def start(authority: Authority, data_dir: Path) -> Iterator[Start]:
    """Start data planes that end with the test."""
    with ExitStack() as stack:

        def starting(gate: Script) -> Plane:
            plane = stack.enter_context(Plane(gate, folder=data_dir / "ca", trust=authority.ca))
            plane.ca = data_dir / "ca.pem"
            return plane

        yield starting


async def never(_: Request) -> Passage | Reply:
    """No request comes this far."""
    raise AssertionError


def made(folder: Path, *, port: int = 0) -> DataPlane:
    """A data plane that does not run."""
    return DataPlane(
        Script(verdict=never), listen=("127.0.0.1", port), authority=folder, upstream_trust=folder / "ca.pem"
    )


async def test_what_it_is_set_to(tmp_path: Path) -> None:
    """Each of these opens a way past the gate when it has mitmproxy's own default or another value."""
    (tmp_path / "ca.pem").write_bytes(b"")
    set_to: options.Options = made(tmp_path)._master.options
    expected = {
        "connection_strategy": "lazy",
        "rawtcp": False,
        "websocket": False,
        "http3": False,
        "ssl_insecure": False,
        "upstream_cert": False,
        "validate_inbound_headers": True,
        "store_streamed_bodies": False,
        "mode": ["regular"],
        "listen_host": "127.0.0.1",
        "stream_large_bodies": None,
        "ignore_hosts": [],
        "allow_hosts": [],
        "tcp_hosts": [],
        "udp_hosts": [],
    }
    assert {name: getattr(set_to, name) for name in expected} == expected


async def test_only_the_addons_that_a_gate_needs(tmp_path: Path) -> None:
    """No script, no replay, no command of mitmproxy's; the order is part of it."""
    (tmp_path / "ca.pem").write_bytes(b"")
    names = [
        addon.name if hasattr(addon, "name") else type(addon).__name__.lower() for addon in _chain(tmp_path)
    ]
    assert names == ["proxyserver", "nextlayer", "tlsconfig", "sidegate.enforce"]


def _chain(folder: Path) -> list[object]:
    found: list[object] = made(folder)._master.addons.chain
    return found


async def test_it_does_not_open_where_somebody_listens(data_dir: Path) -> None:
    """`run` returns, nothing was announced and no address is claimed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        plane = made(data_dir / "ca", port=taken.getsockname()[1])

        async def started() -> None:
            pytest.fail("it says that it listens")

        async with asyncio.timeout(10):
            await plane.run(started)
        assert plane.address is None
    gc.collect()


async def test_it_ends_when_it_is_told(data_dir: Path) -> None:
    """It tells its address once it listens, and `stop` ends `run`."""
    plane = made(data_dir / "ca")
    assert plane.address is None
    heard: list[tuple[str, int]] = []

    async def started() -> None:
        assert plane.address is not None
        heard.append(plane.address)
        await plane.close()
        plane.stop()

    async with asyncio.timeout(10):
        await plane.run(started)
    ((host, port),) = heard
    assert (host, port > 0) == ("127.0.0.1", True)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), timeout=1)


def test_a_strict_client_accepts_it(start: Start, upstream: Upstream) -> None:
    """A real handshake through a tunnel, with Python 3.13's strict verification and our authority alone."""
    plane = start(Script(verdict=to(upstream.port)))
    assert ssl.create_default_context(cafile=plane.ca).verify_flags & ssl.VERIFY_X509_STRICT
    with plane.dial_tls(upstream.port) as agent:
        agent.sendall(f"GET /bytes/3 HTTP/1.1\r\nHost: localhost:{upstream.port}\r\n\r\n".encode())
        assert read_until(agent, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert upstream.count("GET", "/bytes/3") == 1


def test_without_a_verdict_nothing_connects(start: Start, upstream: Upstream) -> None:
    """Whatever the gate raises is a refusal, and no connection upstream was opened for it."""

    async def broken(_: Request) -> Passage | Reply:
        raise LookupError

    gate = Script(verdict=broken)
    plane = start(gate)
    with plane.dial_tls(upstream.port) as agent:
        agent.sendall(
            f"GET / HTTP/1.1\r\nHost: localhost:{upstream.port}\r\nConnection: close\r\n\r\n".encode()
        )
        assert read_all(agent).startswith(b"HTTP/1.1 503 ")
    assert [type(error) for error in gate.failures] == [LookupError]
    assert upstream.connections == 0


def test_a_tunnel_that_is_refused(start: Start, upstream: Upstream) -> None:
    """The gate's answer to a CONNECT is what the client gets."""

    def refuse(_host: str, _port: int) -> Tunnel | Reply:
        return refused(Refusal(reason_id=ReasonId.DESTINATION_REFUSED, reason="closed", status=403))

    plane = start(Script(verdict=never, tunnel=refuse))
    with pytest.raises(ConnectionRefusedError, match="403"):
        plane.tunnel("localhost", upstream.port)
    assert upstream.connections == 0


def test_an_upstream_without_trust_gets_nothing(start: Start, tmp_path: Path) -> None:
    """The upstream's certificate is verified against what was given, and against the host's name."""
    with Upstream(Authority.create(tmp_path).issue()) as stranger:
        plane = start(Script(verdict=to(stranger.port)))
        with plane.dial_tls(stranger.port) as agent:
            agent.sendall(
                f"GET / HTTP/1.1\r\nHost: localhost:{stranger.port}\r\nConnection: close\r\n\r\n".encode()
            )
            assert read_all(agent).startswith(b"HTTP/1.1 502 ")
        assert stranger.count() == 0


def test_closing_lets_what_is_open_go_on(start: Start, upstream: Upstream) -> None:
    """New clients are refused; a request that is under way is answered, and counted until it is."""
    plane = start(Script(verdict=to(upstream.port)))
    with plane.dial_tls(upstream.port) as agent:
        with upstream.stop_at(Stage.RECEIVED, method="GET", path="/bytes/5") as stop:
            agent.sendall(f"GET /bytes/5 HTTP/1.1\r\nHost: localhost:{upstream.port}\r\n\r\n".encode())
            stop.wait()
            assert plane.busy == 1
            port = plane.port
            loop = plane.data_plane._master.event_loop
            asyncio.run_coroutine_threadsafe(plane.data_plane.close(), loop).result(10)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=1)
        assert read_until(agent, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        eventually(lambda: plane.busy == 0)
