"""An HTTP server that keeps what it was sent and answers as it is told."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

type Answer = tuple[int, bytes]

_DEADLINE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request. `headers`: their names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Listener:
    """Answers each request with what `answers` gives for it."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answers: Callable[[Heard], Answer] = lambda _heard: (200, b"{}")
        self.further: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait_for(self, count: int) -> list[Heard]:
        """All that was sent, once it is so much."""
        end = time.monotonic() + _DEADLINE
        while len(self.heard) < count:
            assert time.monotonic() < end, f"{len(self.heard)} of {count} requests came"
            time.sleep(0.01)
        return list(self.heard)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                heard = Heard(path=self.path, headers=headers, body=self.rfile.read(length))
                status, body = listener.answers(heard)
                listener.heard.append(heard)
                self.send_response(status)
                for name, value in listener.further.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        return Handler


@contextmanager
def closed_port() -> Iterator[str]:
    """A URL at which nobody listens."""
    with Listener() as gone:
        url = gone.url
    yield url
