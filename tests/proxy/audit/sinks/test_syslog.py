"""Records to syslog servers: real sockets of each kind, servers that go, and such that do not read."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.audit.sinks.syslog import SyslogSink
from tests.proxy.audit.sinks.fed import lines
from tests.rules.audit.chains import chain

pytestmark = pytest.mark.observe

MESSAGE = re.compile(
    rb"<110>1 2026-11-23T12:00:\d\d\.\d{6}Z \S+ sidegate \d+ (started|verdict|checkpoint) - (\{.*\})"
)


def records_in(messages: list[bytes]) -> list[bytes]:
    """The records, from messages as RFC 5424 has them."""
    matched = [MESSAGE.fullmatch(message) for message in messages]
    assert all(matched), messages
    return [found[2] for found in matched if found is not None]


def unframed(stream: bytes) -> list[bytes]:
    """The messages in a stream of RFC 6587, counted by octets."""
    found = list[bytes]()
    while stream:
        length, _, stream = stream.partition(b" ")
        found.append(stream[: int(length)])
        stream = stream[int(length) :]
    return found


@contextmanager
def listening(family: int, kind: int, where: object) -> Iterator[socket.socket]:
    """A server's socket."""
    with socket.socket(family, kind) as server:
        server.bind(where)  # type: ignore[arg-type] # by its family
        server.settimeout(10)
        if kind == socket.SOCK_STREAM:
            server.listen()
        yield server


async def given_many(sink: SyslogSink, count: int = 1) -> None:
    """So many records again and again, until that fails."""
    while True:
        await sink.give(lines(count))


async def test_datagrams_over_udp() -> None:
    """One for each record."""
    with listening(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)) as server:
        sink = SyslogSink(f"udp://127.0.0.1:{server.getsockname()[1]}")
        await sink.give(lines(5))
        await sink.close()
        assert records_in([server.recv(65_536) for _ in range(5)]) == chain(5)


async def test_datagrams_over_a_socket_of_this_machine(tmp_path: Path) -> None:
    """As /dev/log is."""
    with listening(socket.AF_UNIX, socket.SOCK_DGRAM, str(tmp_path / "log")) as server:
        sink = SyslogSink(f"unix://{tmp_path}/log")
        await sink.give(lines(5))
        await sink.close()
        assert records_in([server.recv(65_536) for _ in range(5)]) == chain(5)


@pytest.mark.parametrize("local", [True, False])
async def test_a_stream_is_framed(tmp_path: Path, *, local: bool) -> None:
    """Counted by octets, over one connection for all pieces."""
    family = socket.AF_UNIX if local else socket.AF_INET
    where: object = str(tmp_path / "log") if local else ("127.0.0.1", 0)
    with listening(family, socket.SOCK_STREAM, where) as server:
        to = f"unix://{tmp_path}/log" if local else f"tcp://127.0.0.1:{server.getsockname()[1]}"
        sink = SyslogSink(to)
        await sink.give(lines(5)[:2])
        await sink.give(lines(5)[2:])
        await sink.close()
        connected, _ = server.accept()
        with connected:
            connected.settimeout(10)
            stream = b"".join(iter(lambda: connected.recv(65_536), b""))
    assert records_in(unframed(stream)) == chain(5)


async def test_a_server_that_went_and_came_back() -> None:
    """While it is away that is an error; then a new connection begins with a whole message."""
    with listening(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        sink = SyslogSink(f"tcp://127.0.0.1:{port}")
        await sink.give(lines(1))
        server.accept()[0].close()
    with pytest.raises(OSError, match=r"refused|reset|Broken|pipe"):
        await given_many(sink)
    with socket.create_server(("127.0.0.1", port)) as server:
        await sink.give(lines(3))
        await sink.close()
        connected, _ = server.accept()
        with connected:
            assert records_in(unframed(b"".join(iter(lambda: connected.recv(65_536), b"")))) == chain(3)


async def test_a_server_that_does_not_read_is_told_nothing_more() -> None:
    """It is no success that the sending machine has room for it."""
    with listening(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sink = SyslogSink(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(given_many(sink, 400), 0.5)


@pytest.mark.parametrize("to", ["unix:///nowhere/log", "tcp://127.0.0.1:1"])
async def test_nobody_is_there(to: str) -> None:
    """An error, and no half connection stays."""
    sink = SyslogSink(to)
    for _ in range(2):
        with pytest.raises(OSError, match=r"No such file|refused|Connect call failed"):
            await sink.give(lines(1))
