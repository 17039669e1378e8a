"""Tests of a channel's requests: checked addresses, bounds, and words that help."""

import asyncio
import socket
import ssl
import threading
from time import monotonic

import pytest

from proxy.channels.outgoing import Outgoing, Untold
from proxy.destinations import Allowed, Destinations
from tests.proxy.channels.listener import Listener, closed_port


def outgoing(*allow: str, seconds: float = 10.0, own: frozenset[int] = frozenset()) -> Outgoing:
    """The way out, with these addresses open."""
    destinations = Destinations(allowed=Allowed.parse(allow), named=lambda _host: False, own_ports=set(own))
    return Outgoing(destinations=destinations, trust=ssl.create_default_context(), seconds=seconds)


async def test_a_post(listener: Listener) -> None:
    """To the path and with the body and headers that were given, and our name."""
    listener.answers = lambda _heard: (201, b"taken")
    posted = await outgoing("127.0.0.1").post(
        f"{listener.url}/a/b?c=d", headers={"X-One": "1"}, content=b"body"
    )
    assert posted == (201, b"taken")
    [heard] = listener.heard
    assert (heard.path, heard.body, heard.headers["x-one"]) == ("/a/b?c=d", b"body", "1")
    assert heard.headers["host"] == listener.url.removeprefix("http://")


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://169.254.169.254/"),
        *("http://10.0.0.1/", "http://0.0.0.0:1/", "http://[::ffff:127.0.0.1]:1/", "http://100.100.100.200/"),
    ],
)
async def test_what_is_not_the_internet_is_closed(url: str) -> None:
    """Loopback, metadata and private addresses, with the cure."""
    with pytest.raises(Untold, match=r"channels\.allow"):
        await outgoing().post(url, headers={}, content=b"")


async def test_the_gates_own_ports_are_closed(listener: Listener) -> None:
    """Whatever is open."""
    port = int(listener.url.rpartition(":")[2])
    with pytest.raises(Untold):
        await outgoing("127.0.0.1", own=frozenset({port})).post(listener.url, headers={}, content=b"")
    assert listener.heard == []


async def test_a_name_that_does_not_resolve() -> None:
    """Is said to be so."""
    with pytest.raises(Untold, match="does not resolve"):
        await outgoing().post("https://nowhere.invalid/", headers={}, content=b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects(listener: Listener, status: int) -> None:
    """None is followed."""
    listener.answers, listener.further = lambda _heard: (status, b""), {"Location": listener.url}
    with pytest.raises(Untold, match="redirects"):
        await outgoing("127.0.0.1").post(listener.url, headers={}, content=b"")
    assert len(listener.heard) == 1


async def test_a_long_answer(listener: Listener) -> None:
    """Is not read to its end."""
    listener.answers = lambda _heard: (200, b"x" * 1_000_000)
    with pytest.raises(Untold, match="bytes"):
        await outgoing("127.0.0.1").post(listener.url, headers={}, content=b"")


async def test_nobody_listens() -> None:
    """Is a failure like others."""
    with closed_port() as url, pytest.raises(Untold, match="connection failed"):
        await outgoing("127.0.0.1").post(url, headers={}, content=b"")


async def test_an_answer_that_does_not_end() -> None:
    """Is waited for so long."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: held.append(server.accept()[0]))
        thread.start()
        start = monotonic()
        with pytest.raises(Untold, match="no whole answer"):
            await outgoing("127.0.0.1", seconds=0.3).post(
                f"http://127.0.0.1:{server.getsockname()[1]}/", headers={}, content=b""
            )
        assert monotonic() - start < 10
        await asyncio.to_thread(thread.join)
        held[0].close()
