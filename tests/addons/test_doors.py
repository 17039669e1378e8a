"""What is no request at all, on real sockets: counted once, with a reason, and nothing goes upstream."""

import socket
import ssl

import pytest

from tests.acceptance.upstream import Upstream
from tests.addons.plane import Plane, eventually, read_all

HOST = "localhost"


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
