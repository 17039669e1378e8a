"""TLS that takes little: every byte that is to be sent is sent, whatever its length."""

from contextlib import suppress

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.options import Options
from mitmproxy.proxy.commands import SendData
from mitmproxy.proxy.context import Context
from OpenSSL import SSL

from addons.tls import UpstreamTls

FULL = 65535


def connected() -> tuple[SSL.Connection, SSL.Connection]:
    """Both ends of one TLS connection in memory, without certificates."""
    ends: list[SSL.Connection] = []
    for start in (SSL.Connection.set_connect_state, SSL.Connection.set_accept_state):
        settings = SSL.Context(SSL.TLS_METHOD)
        settings.set_max_proto_version(SSL.TLS1_2_VERSION)
        settings.set_cipher_list(b"AECDH-AES128-SHA:@SECLEVEL=0")
        ends.append(SSL.Connection(settings))
        start(ends[-1])
    for sender, receiver in (ends, ends[::-1], ends, ends[::-1]):
        with suppress(SSL.WantReadError):
            sender.do_handshake()
        receiver.bio_write(sender.bio_read(FULL))
    ends[0].do_handshake()
    return ends[0], ends[1]


def received(end: SSL.Connection, pieces: list[bytes]) -> bytes:
    """What comes out of `end` for `pieces` from the other one."""
    for piece in pieces:
        end.bio_write(piece)
    found = bytearray()
    while True:
        try:
            found += end.recv(FULL)
        except SSL.WantReadError:
            return bytes(found)


@pytest.mark.parametrize("length", [0, 1, 1000, FULL - 200, FULL, 200_000, 1_000_000])
def test_all_that_waits_is_sent(length: int) -> None:
    """In order and once, in as few pieces as there are buffers, and then nothing is left."""
    client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2))
    context = Context(client, Options())
    context.server = Server(address=("127.0.0.1", 3))
    layer = UpstreamTls(context)
    layer.tls, other = connected()
    text = bytes(n % 251 for n in range(length))
    if text:
        layer.tls.sendall(text)
    commands = list(layer.tls_interact())
    pieces = [command.data for command in commands if isinstance(command, SendData)]
    assert len(pieces) == len(commands)
    assert all(len(piece) == FULL for piece in pieces[:-1])
    assert received(other, pieces) == text
    assert not list(layer.tls_interact())
