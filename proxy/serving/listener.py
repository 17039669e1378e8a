"""Binds sockets, and serves an ASGI application on one, leaving the process's signals to their owner."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from proxy.destinations import Address

_MAX_HEAD_BYTES = 32 * 1024
_IDLE_SECONDS = 30
_CURES = {
    errno.EADDRINUSE: "stop what listens there, or ",
    errno.EADDRNOTAVAIL: "this machine has no such address, ",
    errno.EACCES: "ports below 1024 are for root, ",
}


class CannotServe(Exception):
    """the sidecar cannot start; the message says why and what to do"""


def bound(address: Address, flag: str) -> socket.socket:
    """A socket that listens on `address`. Raises CannotServe naming the flag."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen()
    except OSError as error:
        listening.close()
        raise CannotServe(
            f"cannot listen on `{address[0]}:{address[1]}` ({error.strerror}): "
            f"{_CURES.get(error.errno or 0, '')}give another {flag}"
        ) from error
    return listening


class Listener:
    """The reviewers' listener."""

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        self._socket = listening
        self._server = _Quiet(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                lifespan="on",
                ws="none",
                http="h11",
                h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=5,
            )
        )

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Take no more requests and end."""
        self._server.should_exit = True


class _Quiet(uvicorn.Server):
    """A uvicorn that installs no signal handlers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
