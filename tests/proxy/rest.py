"""A real REST server on TLS whose resources a test can change, with and without entity tags."""

import asyncio
import hashlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.acceptance.authority import Leaf
from tests.acceptance.processes import until

JSON = "application/json"
_METHODS = ["GET", "PUT", "PATCH", "DELETE", "POST"]


@dataclass(frozen=True, slots=True)
class Thing:
    """The content of one URL; `status`: what a read of it is answered."""

    content: bytes
    media: str = JSON
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def etag(self) -> str:
        """A strong tag of the content."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'


@dataclass(frozen=True, slots=True)
class Heard:
    """One request that was executed."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Rest:
    """What the server has, and what it was asked."""

    port: int = 0
    things: dict[str, Thing] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    etags: bool = True
    stalled: bool = False
    """Whether reads are begun to be answered and never ended."""
    before_write: Callable[[], object] = lambda: None
    """What happens between a write's arrival and the look at its condition."""

    def set(self, path: str, content: bytes | str, **more: object) -> None:
        """Give a URL this content."""
        text = content.encode() if isinstance(content, str) else content
        self.things[path] = Thing(text, **more)  # type: ignore[arg-type]  # the caller's names

    def count(self, *methods: str) -> int:
        """How many requests of these methods were executed."""
        return sum(one.method in methods for one in self.heard)

    def last(self, method: str) -> Heard:
        """The latest request of that method."""
        return [one for one in self.heard if one.method == method][-1]

    async def serve(self, request: Request) -> Response:
        """Answer as its kind of server does."""
        query = f"?{request.url.query}" if request.url.query else ""
        raw = request.scope["raw_path"].decode("latin-1").partition("?")[0]
        body = await request.body()
        self.heard.append(Heard(request.method, raw + query, dict(request.headers), body))
        return self._read(raw) if request.method == "GET" else self._write(request, raw, body)

    def _read(self, path: str) -> Response:
        if self.stalled:
            return StreamingResponse(_without_end(), media_type=JSON)
        thing = self.things.get(path)
        if thing is None:
            return Response(status_code=404)
        headers = dict(thing.headers) | ({"ETag": thing.etag} if self.etags else {})
        return Response(thing.content, thing.status, headers, thing.media)

    def _write(self, request: Request, path: str, body: bytes) -> Response:
        self.before_write()
        thing = self.things.get(path)
        wanted = request.headers.get("if-match")
        if wanted is not None and self.etags and (thing is None or thing.etag != wanted):
            return Response(b"another state", 412)
        if request.method == "DELETE":
            self.things.pop(path, None)
        elif request.method in ("PUT", "PATCH"):
            self.things[path] = Thing(body, request.headers.get("content-type", JSON))
        return Response(b"{}", 200, media_type=JSON)


async def _without_end() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


@contextmanager
def rest(leaf: Leaf, *, etags: bool = True) -> Iterator[Rest]:
    """Run one in a thread of its own."""
    server = Rest(etags=etags)
    app = Starlette(routes=[Route("/{path:path}", server.serve, methods=_METHODS)])
    config = uvicorn.Config(
        app,
        ssl_certfile=str(leaf.chain),
        ssl_keyfile=str(leaf.key),
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]
        thread = threading.Thread(target=lambda: running.run(sockets=[listening]))
        thread.start()
        try:
            until(lambda: running.started, deadline=10.0, what="the server")
            yield server
        finally:
            running.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
