"""What is no request at all, on real sockets: counted once, with a reason, and nothing goes upstream."""

import socket
import ssl

import pytest

from addons.exchange import Passage, Request
from rules.normalize import normalize
from rules.reply import Reply
from rules.verdict import Refusal
from tests.acceptance.upstream import Upstream
from tests.addons.conftest import StartPlane
from tests.addons.plane import Plane, Script, eventually, read_all

HOST = "localhost"


@pytest.fixture
def strict(start_plane: StartPlane, upstream: Upstream) -> Plane:
    """A data plane whose gate lets everything through that has a single reading."""

    async def verdict(request: Request) -> Passage | Reply:
        call = normalize(request.message)
        if isinstance(call, Refusal):
            return script.refused(call)
        return Passage(address=("127.0.0.1", upstream.port))

    script = Script(verdict=verdict)
    return start_plane(script)


def counted(plane: Plane, reason_id: str) -> None:
    """Wait until exactly this was counted."""
    eventually(lambda: bool(plane.gate.tally.reasons))
    assert plane.gate.tally.reasons == [reason_id]


def handshake(plane: Plane, upstream: Upstream, context: ssl.SSLContext) -> None:
    """Begin TLS inside a tunnel, with this client's ideas of it."""
    with (
        plane.tunnel(HOST, upstream.port) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as tls,
    ):
        tls.recv(1)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_pins_certificates(plane: Plane, upstream: Upstream, version: ssl.TLSVersion) -> None:
    """It ends the handshake itself; that is recorded, with where it wanted to go."""
    context = ssl.create_default_context()
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(plane, upstream, context)
    counted(plane, "tls_failed")
    [(event, facts)] = plane.gate.tally.lines
    assert (event, facts) == ("tls.client_failed", {"host": f"{HOST}:{upstream.port}", "why": "distrusted"})
    assert upstream.connections == 0


def test_a_client_whose_tls_is_too_old(plane: Plane, upstream: Upstream) -> None:
    """There is no cipher that both accept."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("NULL-SHA256:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(plane, upstream, context)
    counted(plane, "tls_failed")
    assert plane.gate.tally.lines[0][1]["why"] == "failed"
    assert upstream.connections == 0


NO_HTTP = {
    "ssh": b"SSH-2.0-OpenSSH_9.6\r\n",
    "zeros": bytes(64),
    "quic over tcp": bytes.fromhex("c00000000108") + bytes(64),
    "dtls": bytes.fromhex("16fefd0000000000000000"),
    "postgres": bytes.fromhex("0000000804d2162f"),
}


@pytest.mark.parametrize("case", NO_HTTP)
def test_raw_bytes_in_a_tunnel(plane: Plane, upstream: Upstream, case: str) -> None:
    """They are answered as no HTTP, once, and the connection ends."""
    with plane.tunnel(HOST, upstream.port) as plain:
        plain.sendall(NO_HTTP[case])
        plain.shutdown(socket.SHUT_WR)
        assert b"protocol_refused" in read_all(plain)
    counted(plane, "protocol_refused")
    assert upstream.connections == 0


def test_a_broken_hello(plane: Plane, upstream: Upstream) -> None:
    """A record that begins like TLS and is none."""
    with plane.tunnel(HOST, upstream.port) as plain:
        plain.sendall(b"\x16\x03\x01\x00\x08\x01\x00\x00\x04nope")
        assert read_all(plain) == b""
    counted(plane, "tls_failed")
    assert plane.gate.tally.lines[0][1]["why"] == "malformed"
    assert upstream.connections == 0


@pytest.mark.parametrize("name", [None, "public.test"], ids=["none", "the public name of an encrypted one"])
def test_a_name_that_tls_does_not_give(strict: Plane, upstream: Upstream, name: str | None) -> None:
    """Whoever hides where the connection goes is refused, whatever the request says later."""
    context = ssl.create_default_context(cafile=str(strict.ca))
    if name is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with (
        strict.tunnel(HOST, upstream.port) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}:{upstream.port}\r\nConnection: close\r\n\r\n".encode())
        assert b"authority_mismatch" in read_all(tls)
    counted(strict, "authority_mismatch")
    assert upstream.connections == 0


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.3"])
def test_a_client_that_wants_to_upgrade(strict: Plane, upstream: Upstream, protocol: str) -> None:
    """What would follow is not HTTP/1.1, so the request is refused and nothing follows."""
    with strict.dial_tls(upstream.port) as tls:
        tls.sendall(
            f"GET / HTTP/1.1\r\nHost: {HOST}:{upstream.port}\r\nUpgrade: {protocol}\r\n"
            "Connection: Upgrade, close\r\n\r\n".encode()
        )
        assert b"upgrade_refused" in read_all(tls)
    counted(strict, "upgrade_refused")
    assert upstream.connections == 0


def test_a_client_that_begins_with_http2_in_the_clear(strict: Plane, upstream: Upstream) -> None:
    """Prior knowledge is refused as a version, in a tunnel and at the proxy itself."""
    for open_one in (strict.dial, lambda: strict.tunnel(HOST, upstream.port)):
        with open_one() as plain:
            plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            assert b"version_unsupported" in read_all(plain)
    assert strict.gate.tally.reasons == ["version_unsupported"] * 2
    assert upstream.connections == 0


def test_nothing_listens_on_udp(plane: Plane) -> None:
    """Neither QUIC nor anything else: the port is free for whoever wants it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", plane.port))
