"""Sockets for captured traffic: one port for both families, nothing half bound."""

import asyncio
import errno
import socket

import pytest

from proxy.capture import listening
from proxy.capture.listening import Role, bound, port_of, serve_on
from tests.proxy.capture.unused import Greeter


def close(made: list[listening.Listening]) -> None:
    """Close all."""
    for one in made:
        one.socket.close()


def test_one_port_for_all() -> None:
    """Both families, and for names both protocols."""
    for role, kinds in (
        (Role.CAPTURED, {socket.SOCK_STREAM}),
        (Role.DNS, {socket.SOCK_STREAM, socket.SOCK_DGRAM}),
    ):
        made = bound(role, 0)
        assert {one.socket.getsockname()[1] for one in made} == {port_of(made)}
        assert {one.socket.getsockname()[0] for one in made} == {"127.0.0.1", "::1"}
        assert {one.socket.type for one in made} == kinds
        close(made)


def test_a_port_that_is_taken() -> None:
    """Nothing stays bound where one of several cannot be."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            bound(Role.CAPTURED, port)
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_machine_without_ipv6(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What there is not cannot be walked around."""
    real = socket.socket.bind

    def bind(self: socket.socket, address: tuple[str, int]) -> None:
        if self.family is socket.AF_INET6:
            raise OSError(number, "no such family")
        real(self, address)

    monkeypatch.setattr(socket.socket, "bind", bind, raising=False)
    made = bound(Role.CAPTURED, 0)
    assert [one.socket.family for one in made] == [socket.AF_INET]
    close(made)


async def test_serving() -> None:
    """The plane is told which connections were captured; what ends it frees the port."""
    plane = Greeter()
    for role, word in ((Role.PROXY, b"proxy"), (Role.CAPTURED, b"captured")):
        (one,) = bound(role, 0, hosts=("127.0.0.1",))
        place = one.socket.getsockname()
        end = await serve_on(plane, one)
        reader, writer = await asyncio.open_connection(*place)
        async with asyncio.timeout(10):
            assert await reader.read() == word
        writer.close()
        end()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*place)
