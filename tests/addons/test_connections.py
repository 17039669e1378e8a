"""What is done on mitmproxy's own connection handlers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from mitmproxy.connection import Client, ConnectionState, Server

from addons.connections import Connections, Flow
from addons.traffic import Traffic


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, asyncio.StreamWriter]]:
    """A connection on loopback: this side's reader and writer, and the other side's writer."""
    accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda _, writer: accepted.set_result(writer), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    other = await accepted
    try:
        yield reader, writer, other
    finally:
        for each in (writer, other):
            each.close()
        server.close()
        await server.wait_closed()


def client() -> Client:
    """A client that is connected."""
    return Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)


def loaded(of: Client, traffic: Traffic, transports: dict[Any, Any]) -> tuple[Connections, SimpleNamespace]:
    """The addon in a mitmproxy that has one connection."""
    handler = SimpleNamespace(transports=transports, max_conns=None)
    proxyserver = SimpleNamespace(connections={of.id: handler})
    master = SimpleNamespace(addons={"proxyserver": proxyserver})
    connections = Connections(traffic)
    connections.load(cast(Any, SimpleNamespace(master=master)))
    return connections, handler


async def test_nothing_outlives_a_client() -> None:
    """Its sockets are closed, its requests forgotten, and its state says so."""
    traffic, mine = Traffic(), client()
    traffic.begin(mine.id, 1)
    async with pair() as (_, writer, other):
        transports = {
            mine: SimpleNamespace(writer=writer),
            Server(address=("192.0.2.7", 443)): SimpleNamespace(writer=other),
            Server(address=("192.0.2.8", 443)): SimpleNamespace(writer=None),
        }
        connections, _ = loaded(mine, traffic, transports)
        connections.client_disconnected(mine)
        assert writer.is_closing()
        assert other.is_closing()
    assert traffic.busy == 0
    assert mine.state is ConnectionState.CLOSED


async def test_reading_stops_and_goes_on() -> None:
    """A paused upstream is not read, a resumed one is; unknown ones do no harm."""
    mine, server = client(), Server(address=("192.0.2.7", 443))
    async with pair() as (reader, writer, other):
        connections, _ = loaded(mine, Traffic(), {server: SimpleNamespace(writer=writer)})
        connections.throttle(Flow(client=mine, server=server, paused=True))
        assert not cast(asyncio.Transport, writer.transport).is_reading()
        connections.throttle(Flow(client=mine, server=server, paused=False))
        assert cast(asyncio.Transport, writer.transport).is_reading()
        other.write(b"x")
        async with asyncio.timeout(10):
            assert await reader.read(1) == b"x"
        connections.throttle(Flow(client=client(), server=server, paused=True))
        connections.throttle(Flow(client=mine, server=Server(address=None), paused=True))


async def test_more_than_a_few_upstream_connections_may_be_open() -> None:
    """As many as HTTP/2 lets a client have streams."""
    mine = client()
    connections, handler = loaded(mine, Traffic(), {})
    connections.client_connected(mine)
    limit = handler.max_conns["192.0.2.7", 443]
    for _ in range(100):
        async with asyncio.timeout(1):
            await limit.acquire()
    assert limit.locked()


async def test_without_a_server_there_is_nothing_to_do() -> None:
    """The addon may be called before, or without, the server it looks for."""
    connections, mine = Connections(Traffic()), client()
    connections.client_connected(mine)
    connections.throttle(Flow(client=mine, server=Server(address=None), paused=True))
    connections.client_disconnected(mine)
    assert mine.state is ConnectionState.CLOSED
