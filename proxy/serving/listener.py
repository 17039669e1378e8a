"""Serves an ASGI application on a socket, leaving the process's signals to the one who owns them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_MAX_HEAD_BYTES = 32 * 1024
_IDLE_SECONDS = 30


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
