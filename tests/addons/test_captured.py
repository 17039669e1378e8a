"""Redirected connections, by the real kernel and the real data plane: they go where they are named."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from mitmproxy.connection import Client
from mitmproxy.proxy.mode_specs import ProxyMode

from addons import captured
from addons.captured import is_captured
from addons.exchange import Passage, Request, Tunnel
from proxy.capture import room
from proxy.capture.listening import Role
from proxy.data_dir.trust import ensure_authority
from rules.reply import Reply, refused
from rules.verdict import ReasonId, Refusal
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.addons.plane import SECONDS, Plane, Script, eventually, read_all
from tests.nets import Net, needs_nets, nets

ELSEWHERE = "192.0.2.7"
"""To where agents address their packets; nobody has it."""


@dataclass(frozen=True, slots=True)
class Room:
    """An agent's namespace with a data plane behind it."""

    net: Net
    plane: Plane
    gate: Script
    upstream: Upstream

    def dial(self, host: str, port: int) -> socket.socket:
        """A connection from within."""
        with self.net:
            return socket.create_connection((host, port), timeout=SECONDS)

    def dial_tls(self, host: str, port: int, *, name: str | None, alpn: str = "http/1.1") -> ssl.SSLSocket:
        """The same in TLS, with a server name or without."""
        context = ssl.create_default_context(cafile=str(self.plane.ca))
        context.check_hostname = name is not None
        context.set_alpn_protocols([alpn])
        return context.wrap_socket(self.dial(host, port), server_hostname=name)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Room]:
    """Make a room, and a gate that lets everything through to one upstream."""
    folder = tmp_path / "data"
    folder.mkdir()
    ensure_authority(folder)
    authority = Authority.create(tmp_path / "authority")
    with ExitStack() as stack:
        (net,) = stack.enter_context(nets(1))
        upstream = stack.enter_context(Upstream(authority.issue("api.pay.test", ELSEWHERE)))

        async def verdict(_: Request) -> Passage:
            return Passage(address=("127.0.0.1", upstream.port))

        gate = Script(verdict=verdict)
        plane = stack.enter_context(Plane(gate, folder=folder / "ca", trust=authority.ca))
        plane.ca = folder / "ca.pem"
        with net:
            listening = room.furnish(18080)
        for one in listening:
            if one.role is Role.DNS:
                one.socket.close()
            else:
                plane.take(one.socket, captured=one.role is Role.CAPTURED)
        yield Room(net, plane, gate, upstream)


def ask(line: socket.socket, host: str, target: str = "/bytes/3") -> bytes:
    """The answer to one request, after which the connection ends."""
    line.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    return read_all(line)


@needs_nets
@pytest.mark.parametrize("to", [ELSEWHERE, "2001:db8::7"])
def test_tls_goes_where_its_name_leads(agent: Room, to: str) -> None:
    """The addressed host plays no part, over either family; the port does."""
    with agent.dial_tls(to, 443, name="API.pay.test") as line:
        assert ask(line, "api.pay.test").startswith(b"HTTP/1.1 200 ")
    (message,) = agent.gate.asked
    assert (message.scheme, message.host, message.port) == ("https", "api.pay.test", 443)
    assert agent.upstream.count("GET", "/bytes/3") == 1


@needs_nets
def test_what_is_in_clear_goes_where_its_host_leads(agent: Room) -> None:
    """Each request by itself, on one connection."""
    with agent.dial(ELSEWHERE, 8080) as line:
        for host in (b"a.test", b"b.test"):
            line.sendall(b"GET /x HTTP/1.1\r\nHost: %b:8080\r\n\r\n" % host)
        eventually(lambda: len(agent.gate.asked) == 2)
    found = [(message.scheme, message.host, message.port) for message in agent.gate.asked]
    assert found == [("http", "a.test", 8080), ("http", "b.test", 8080)]


@needs_nets
def test_tls_without_a_name(agent: Room) -> None:
    """It leads to the addressed host, so a Host that says otherwise will not agree with it."""
    with agent.dial_tls(ELSEWHERE, 443, name=None) as line:
        assert ask(line, ELSEWHERE)
    (message,) = agent.gate.asked
    assert (message.host, message.sni) == (ELSEWHERE, None)


@needs_nets
@pytest.mark.parametrize(
    "head",
    [
        b"GET /x HTTP/1.1\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: 0x7f.1\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n",
        b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
    ],
    ids=["no Host", "an odd Host", "a user in Host", "CONNECT"],
)
def test_what_names_no_place(agent: Room, head: bytes) -> None:
    """Refused and told; the addressed host does not stand in for it."""
    with agent.dial(ELSEWHERE, 80) as line:
        line.sendall(head)
        line.settimeout(SECONDS)
        assert line.recv(20).startswith(b"HTTP/1.1 400 ")
    assert agent.gate.asked == []
    assert agent.upstream.connections == 0


@needs_nets
def test_other_protocols(agent: Room) -> None:
    """Bytes that are neither TLS nor HTTP are refused, told and counted."""
    with agent.dial(ELSEWHERE, 5432) as line:
        line.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f" * 4)
        assert b"protocol_refused" in read_all(line)
    assert agent.upstream.connections == 0


@needs_nets
def test_a_client_that_waits_for_its_server(agent: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hears nothing that it could understand, so the connection ends and is counted."""
    monkeypatch.setattr(captured, "SILENCE_SECONDS", 0.2)
    with agent.dial(ELSEWHERE, 22) as line:
        assert read_all(line) == b""
    assert agent.gate.tally.lines == [("capture.silent", {})]


@needs_nets
def test_a_client_that_knows_its_proxy_may_wait(agent: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool may open a connection to the proxy before it has something to ask."""
    monkeypatch.setattr(captured, "SILENCE_SECONDS", 0.1)
    with agent.dial("127.0.0.1", 18080) as line:
        line.settimeout(0.5)
        with pytest.raises(TimeoutError):
            line.recv(1)


@needs_nets
def test_tls_asks_for_its_tunnel(agent: Room) -> None:
    """What a CONNECT would have asked is asked once for the connection, before the first request."""
    asked: list[tuple[str, int]] = []

    def tunnel(host: str, port: int) -> Tunnel | Reply:
        asked.append((host, port))
        return refused(Refusal(reason_id=ReasonId.DESTINATION_REFUSED, reason="no", status=403))

    agent.gate.tunnel = tunnel
    with agent.dial_tls(ELSEWHERE, 8443, name="api.pay.test") as line:
        assert b"destination_refused" in ask(line, "api.pay.test:8443")
    assert (asked, agent.gate.asked) == ([("api.pay.test", 8443)], [])
    agent.gate.tunnel = lambda host, port: Tunnel()
    with agent.dial_tls(ELSEWHERE, 8443, name="api.pay.test") as line:
        line.sendall(b"GET /bytes/1 HTTP/1.1\r\nHost: api.pay.test:8443\r\n\r\n" * 2)
        eventually(lambda: len(agent.gate.asked) == 2)


def test_which_clients_are_captured() -> None:
    """By the mode of their listener, which no client chooses."""
    for mode, expected in (("regular", False), ("transparent", True)):
        client = Client(peername=("", 1), sockname=("", 2), proxy_mode=ProxyMode.parse(mode))
        assert is_captured(client) is expected
