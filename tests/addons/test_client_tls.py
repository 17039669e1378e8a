"""TLS with the client: a hello that breaks off, lies or never ends is an error and nothing worse."""

import ssl
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.tls import TlsClienthelloHook, TlsFailedClientHook

from addons.client_tls import MAX_HELLO_BYTES, BoundedClientTls


def hello() -> bytes:
    """What Python's own client sends first."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="api.pay.test").do_handshake()
    return outgoing.read()


HELLO = hello()


def obeyed(*segments: bytes) -> list[commands.Command]:
    """Every command of a layer that receives these segments; hooks are answered at once."""
    client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
    context = Context(client, Options())
    context.server.address = ("api.pay.test", 443)
    layer.NextLayer(context)
    context.layers.append(layer.NextLayer(context))
    tls = BoundedClientTls(context)
    seen: list[commands.Command] = []
    pending: list[events.Event] = [
        events.Start(),
        *(events.DataReceived(client, segment) for segment in segments),
    ]
    while pending:
        for command in tls.handle_event(pending.pop(0)):
            seen.append(command)
            if isinstance(command, commands.CloseConnection):
                client.state = ConnectionState.CLOSED
            if isinstance(command, commands.StartHook):
                pending.insert(0, events.HookCompleted(command, None))
    return seen


def test_mitmproxy_writes_nothing_of_what_was_sent_into_the_log() -> None:
    """Its own line about a hello that cannot be parsed would hold all of it."""
    seen = obeyed(b"\x16\x03\x01\x00\x08\x01\x00\x00\x04nope")
    assert {TlsFailedClientHook, commands.CloseConnection} <= kinds(seen)
    assert commands.Log not in kinds(seen)


def kinds(seen: list[commands.Command]) -> set[type]:
    """What kinds of commands there were."""
    return {type(command) for command in seen}


def test_a_hello_is_understood_in_pieces() -> None:
    """The handshake begins once all of it is there, and not before."""
    assert not obeyed(HELLO[:-1])
    assert TlsClienthelloHook in kinds(obeyed(HELLO[:10], HELLO[10:]))


def with_ech(hello: bytes) -> bytes:
    """`hello` with an encrypted_client_hello extension of the outer kind (RFC 9849), as browsers send it."""
    extension = struct.pack(">HH", 0xFE0D, 32) + b"\0" * 32
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2])
    at += 1 + hello[at]
    length = int.from_bytes(hello[at : at + 2]) + len(extension)
    body = hello[9:at] + length.to_bytes(2) + hello[at + 2 :] + extension
    return hello[:3] + (len(body) + 4).to_bytes(2) + b"\x01" + len(body).to_bytes(3) + body


def test_of_an_encrypted_hello_the_outer_name_counts() -> None:
    """We cannot read the inner one, so no upstream is ever chosen by it; the outer one has to agree."""
    hooks = [c for c in obeyed(with_ech(HELLO)) if isinstance(c, TlsClienthelloHook)]
    assert [hook.data.client_hello.sni for hook in hooks] == ["api.pay.test"]


@given(st.data())
def test_a_bent_hello_never_raises(data: st.DataObject) -> None:
    """Whatever a client sends, nothing opens towards an upstream and the layer lives."""
    bent = bytearray(HELLO)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(3, len(bent)))
        bent[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    assert commands.OpenConnection not in kinds(obeyed(bytes(bent)))


def test_a_hello_has_a_bound() -> None:
    """Up to it more is waited for, beyond it the handshake has failed and the connection ends."""
    record = b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + b"x" * 16_380
    more = b"\x16\x03\x01\x40\x00" + b"x" * 16_384
    enough = MAX_HELLO_BYTES // len(more)
    assert not obeyed(record, *[more] * (enough - 1))
    seen = kinds(obeyed(record, *[more] * enough))
    assert {TlsFailedClientHook, commands.CloseConnection} <= seen
