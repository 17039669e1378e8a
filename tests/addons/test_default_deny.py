"""Closed unless opened: which layers may start, and which connections may open."""

import gc
import weakref
from collections.abc import Callable

import pytest
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.options import Options
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import tflow

from addons.client_tls import BoundedClientTls
from addons.default_deny import DefaultDeny
from addons.http1.layer import Exchange, StrictHttp1
from addons.http2.layer import BoundedHttp2
from addons.traffic import Traffic
from tests.addons.tally import Tally

ADDRESS = ("192.0.2.7", 443)
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def client(state: ConnectionState = ConnectionState.OPEN) -> Client:
    """A client that is connected."""
    return Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=state)


def chosen(
    data: bytes, *, tls: bool = False, alpn: bytes | None = None, first: bool = False
) -> layer.Layer | None:
    """The layer for a connection that begins with `data`; `first` is the proxy's own."""
    options = Options()
    options.add_option("validate_inbound_headers", bool, True, "one of mitmproxy's server")
    context = Context(client(), options)
    context.client.tls = tls
    context.client.alpn = alpn
    context.server.address = ("api.pay.test", 443)
    top = modes.HttpProxy(context)
    if not first:
        StrictHttp1(context, Traffic(), refuse=Tally(), served={})
    assert top in context.layers
    question = layer.NextLayer(context)
    question.events.append(events.DataReceived(context.client, data))
    DefaultDeny(Traffic()).next_layer(question)
    return question.layer


@pytest.mark.parametrize(
    ("data", "tls", "alpn", "kind"),
    [
        (HELLO, False, None, BoundedClientTls),
        (HELLO, True, b"http/1.1", StrictHttp1),
        (HELLO, True, b"h2", BoundedHttp2),
        (b"GET / HTTP/1.1\r\n", False, None, StrictHttp1),
        (b"GET / HTTP/1.1\r\n", True, None, StrictHttp1),
        (b"GET / HTTP/1.1\r\n", True, b"http/1.1", StrictHttp1),
        (b"GET / HTTP/1.1\r\n", True, b"spdy/3", StrictHttp1),
        (b"PRI * HTTP/2.0\r\n", True, b"h2", BoundedHttp2),
        (b"PRI * HTTP/2.0\r\n", False, None, StrictHttp1),
        (b"SSH-2.0-x\r\n", False, None, StrictHttp1),
        (b"\0\0\0", False, None, StrictHttp1),
        (b"\x16\xfe\xff\0\0", False, None, StrictHttp1),
        (b"GE", False, None, type(None)),
        (b"\x16\x03", False, None, type(None)),
        (b"", True, b"h2", type(None)),
    ],
)
def test_in_a_tunnel_only_tls_and_http_start(data: bytes, tls: bool, alpn: bytes | None, kind: type) -> None:
    """Whatever is not TLS or HTTP/2 is for the layer that refuses what is not HTTP/1.1."""
    assert type(chosen(data, tls=tls, alpn=alpn)) is kind


@pytest.mark.parametrize("data", [b"G", b"GET http://h/ HTTP/1.1\r\n", HELLO, b"SSH-2.0-x\r\n"])
def test_the_proxys_own_layer_is_ours(data: bytes) -> None:
    """Clients talk HTTP/1.1 to a proxy, whatever they begin with."""
    assert type(chosen(data, first=True)) is StrictHttp1


def asked(door: DefaultDeny, of: Client, address: tuple[str, int] | None) -> str | None:
    """What the door says to a connection."""
    data = ServerConnectionHookData(client=of, server=Server(address=address))
    door.server_connect(data)
    return data.server.error


def test_only_the_admitted_address_opens() -> None:
    """For that client, that address and that port; for nobody and nothing else."""
    door, mine, other = DefaultDeny(Traffic()), client(), client()
    assert asked(door, mine, ADDRESS)
    door.admit(mine, ADDRESS)
    assert asked(door, mine, ADDRESS) is None
    assert asked(door, other, ADDRESS)
    assert asked(door, mine, ("192.0.2.7", 80))
    assert asked(door, mine, ("192.0.2.8", 443))
    assert asked(door, mine, ("api.pay.test", 443))
    assert asked(door, mine, None)


def test_an_address_with_more_parts_is_compared_by_the_first_two() -> None:
    """IPv6 addresses carry a flow and a scope."""
    door, mine = DefaultDeny(Traffic()), client()
    door.admit(mine, ("2001:db8::1", 443))
    assert asked(door, mine, ("2001:db8::1", 443, 0, 0)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "state", [ConnectionState.CAN_WRITE, ConnectionState.CAN_READ, ConnectionState.CLOSED]
)
def test_nothing_opens_for_a_client_that_has_gone(state: ConnectionState) -> None:
    """One that has only ended one side is still there."""
    door, mine = DefaultDeny(Traffic()), client(state)
    door.admit(mine, ADDRESS)
    assert (asked(door, mine, ADDRESS) is None) == (state is not ConnectionState.CLOSED)


def test_a_door_that_breaks_stays_closed() -> None:
    """mitmproxy goes on after an exception, so the refusal has to be there before."""
    door, mine = DefaultDeny(Traffic()), client()
    data = ServerConnectionHookData(client=mine, server=Server(address=([], 443)))  # type: ignore[arg-type]
    door.admit(mine, ADDRESS)
    with pytest.raises(TypeError):
        door.server_connect(data)
    assert data.server.error


def test_what_was_admitted_is_forgotten_with_the_client() -> None:
    """Even if the verdict came after the client had gone."""
    door, mine = DefaultDeny(Traffic()), client()
    door.admit(mine, ADDRESS)
    gone = weakref.ref(mine)
    del mine
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_raw_bytes_are_killed(kind: str) -> None:
    """Should such a flow ever come to be."""
    door = DefaultDeny(Traffic())
    makes: dict[str, Callable[[], None]] = {
        "tcp": lambda: door.tcp_start(tcp),
        "udp": lambda: door.udp_start(udp),
    }
    tcp, udp = tflow.ttcpflow(), tflow.tudpflow()
    tcp.live = udp.live = True
    makes[kind]()
    assert {"tcp": tcp, "udp": udp}[kind].error is not None


def test_layers_settle_requests_with_what_the_door_was_given() -> None:
    """The judge reaches every HTTP/1.1 layer."""
    door = DefaultDeny(Traffic())
    settled: list[Exchange] = []
    door.use(settled.append, Tally())
    context = Context(client(), Options())
    question = layer.NextLayer(context)
    modes.HttpProxy(context)
    question.events.append(events.DataReceived(context.client, b"x"))
    door.next_layer(question)
    assert question.layer is not None
    sent = b"GET http://h.test/ HTTP/1.1\r\nHost: h.test\r\n\r\n"
    list(question.layer.handle_event(events.DataReceived(context.client, sent)))
    assert [exchange.message.host for exchange in settled] == ["h.test"]
