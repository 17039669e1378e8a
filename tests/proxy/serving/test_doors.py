"""The ways in for captured traffic: bound before anything listens, served while it runs."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from proxy.serving.doors import NOWHERE, Doors, Ports
from tests.ports import free_ports
from tests.proxy.capture.unused import Greeter


async def test_they_are_served(tmp_path: Path) -> None:
    """The captured port by the plane, the names by ourselves, a door in the data folder; all end together."""
    captured, dns = free_ports(2)
    doors, plane, opened = Doors(Ports(captured=captured, dns=dns)), Greeter(), asyncio.Event()
    doors.bind()
    assert doors.ports == {captured, dns}
    assert doors.named == {"capture": captured, "dns": dns}
    running = asyncio.get_running_loop().create_task(doors.run(plane, tmp_path, opened.set))
    async with asyncio.timeout(10):
        await opened.wait()
    assert plane.taken == [(captured, True)] * 2
    assert (tmp_path / "capture.sock").is_socket()
    reader, writer = await asyncio.open_connection("::1", captured)
    async with asyncio.timeout(10):
        assert await reader.read() == b"captured"
    writer.close()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", captured)
    assert not (tmp_path / "capture.sock").exists()


def test_nothing_is_bound_unasked() -> None:
    """Without flags there are only the agents' and the reviewers' listeners."""
    doors = Doors(NOWHERE)
    doors.bind()
    assert (doors.ports, doors.named) == (frozenset(), {})


def test_a_port_that_is_taken() -> None:
    """The flag is named, and the other port is free again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (free,) = free_ports(1)
        doors = Doors(Ports(captured=free, dns=taken.getsockname()[1]))
        with pytest.raises(OSError, match="give another --dns"):
            doors.bind()
        socket.create_server(("127.0.0.1", free)).close()
