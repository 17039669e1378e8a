"""The reviewers' listener over real sockets: what it serves, what it bounds, how it ends."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from proxy.serving.listener import CannotServe, Listener, bound
from tests.proxy.redis_child import eventually


class Slow:
    """An application whose one answer waits until it is let go."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        routes = [Route("/slow", self.slow), Route("/who", self.who)]
        self.app = Starlette(routes=routes)

    async def slow(self, _: Request) -> Response:
        """Wait."""
        self.asked.set()
        await self.go.wait()
        return PlainTextResponse("done")

    async def who(self, request: Request) -> Response:
        """Tell who the server takes the client for, and by which scheme."""
        assert request.client is not None
        return PlainTextResponse(f"{request.url.scheme} {request.client.host}")


@asynccontextmanager
async def serving(slow: Slow) -> AsyncIterator[tuple[Listener, str, asyncio.Task[None]]]:
    """A running listener, its URL and the task that runs it."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        listener = Listener(slow.app, bound)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(listener.run())
            try:
                yield listener, url, running
            finally:
                slow.go.set()
                listener.stop()


async def test_it_leaves_the_signals_alone() -> None:
    """Ctrl-C belongs to the one who drains both sides."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with serving(Slow()) as (_, url, _), httpx2.AsyncClient() as client:
        assert (await client.get(f"{url}/who")).status_code == 200
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def test_nobody_is_taken_for_somebody_else() -> None:
    """Forwarding headers are anybody's to send; the answer names neither server nor version."""
    forged = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https", "Forwarded": "for=10.1.2.3"}
    async with serving(Slow()) as (_, url, _), httpx2.AsyncClient() as client:
        answer = await client.get(f"{url}/who", headers=forged)
    assert answer.text == "http 127.0.0.1"
    assert "server" not in answer.headers


async def test_what_is_under_way_is_answered() -> None:
    """A stop lets a decision that is being recorded be answered, and takes no new ones."""
    slow = Slow()
    async with serving(slow) as (listener, url, running), httpx2.AsyncClient() as client:
        asked = asyncio.Task(client.get(f"{url}/slow"))
        await slow.asked.wait()
        listener.stop()
        await eventually(lambda: _refused(url), what="the socket to be closed")
        slow.go.set()
        assert (await asked).text == "done"
        await asyncio.wait_for(running, 10)


async def test_an_idle_connection_does_not_keep_it() -> None:
    """A browser that holds a connection open does not delay the end."""
    async with serving(Slow()) as (listener, url, running), httpx2.AsyncClient() as client:
        await client.get(f"{url}/who")
        listener.stop()
        await asyncio.wait_for(running, 4)


async def test_a_head_without_end_is_cut() -> None:
    """A head over the bound is refused; the listener lives."""
    async with serving(Slow()) as (_, url, _):
        host, _, port = url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /who HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000)
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
        async with httpx2.AsyncClient() as client:
            assert (await client.get(f"{url}/who")).status_code == 200


async def test_no_websocket_opens() -> None:
    """An upgrade is answered as the plain request that it is."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with serving(Slow()) as (_, url, _), httpx2.AsyncClient() as client:
        assert (await client.get(f"{url}/who", headers=upgrade)).status_code == 200


async def _refused(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except (ConnectionRefusedError, ConnectionResetError):  # the latter where it closes just now
        return True
    writer.close()
    return False


def test_a_port_that_is_taken_is_named_with_its_flag() -> None:
    """Bound without listening is not taken: two sidecars that start at once are told apart by listening."""
    with bound(("127.0.0.1", 0), "--listen") as first:
        address = first.getsockname()
        with pytest.raises(CannotServe, match=r"stop what listens there, or give another --console"):
            bound(address, "--console")
