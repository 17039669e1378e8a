"""The sockets on which captured traffic arrives, on this machine's loopback or in an agent's namespace."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from proxy.capture.dns import Resolver

_HOSTS = ("127.0.0.1", "::1")
# A machine without IPv6 has no packets of it either.
_NO_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Role(StrEnum):
    """What arrives on a socket."""

    PROXY = "proxy"
    """Connections of clients that know their proxy."""
    CAPTURED = "captured"
    """Connections that were redirected."""
    DNS = "dns"
    """Questions about names, by TCP or UDP as the socket is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A bound socket, which listens where it can, and what it is for."""

    role: Role
    socket: socket.socket


class Takes(Protocol):
    """The data plane, as far as it takes connections from sockets of others."""

    async def take(self, listening: socket.socket, *, captured: bool) -> asyncio.Server:
        """Serve on `listening` until the returned server is closed."""


def bound(role: Role, port: int, *, hosts: Sequence[str] = _HOSTS) -> list[Listening]:
    """Sockets for `role` at `port` of each host, 0 for any port but for all the same. Raises OSError."""
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM) if role is Role.DNS else (socket.SOCK_STREAM,)
    made: list[Listening] = []
    with ExitStack() as undo:
        for host in hosts:
            for kind in kinds:
                if (one := _bound(host, port, kind)) is not None:
                    undo.callback(one.close)
                    made.append(Listening(role=role, socket=one))
                    port = port or one.getsockname()[1]
        undo.pop_all()
    return made


def port_of(listening: Iterable[Listening]) -> int:
    """The port that they share."""
    return int(next(iter(listening)).socket.getsockname()[1])


async def serve_on(plane: Takes, one: Listening) -> Callable[[], None]:
    """Serve what arrives there; returns what ends it."""
    if one.role is not Role.DNS:
        server = await plane.take(one.socket, captured=one.role is Role.CAPTURED)
        return server.close
    if one.socket.type == socket.SOCK_DGRAM:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Resolver, sock=one.socket)
        return transport.close
    return (await asyncio.start_server(Resolver.talk, sock=one.socket)).close


def _bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.socket(family, kind)
    except OSError as error:
        if error.errno in _NO_FAMILY:
            return None
        raise
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        if kind == socket.SOCK_STREAM:
            made.listen(128)
    except OSError as error:
        made.close()
        if error.errno in _NO_FAMILY:
            return None
        raise
    made.setblocking(False)
    return made
