"""A collector of traces: a real HTTP server that decodes what OTLP sends it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One span."""

    name: str
    trace: str
    span: str
    parent: str
    links: tuple[str, ...]
    attributes: Mapping[str, object]
    seconds: float


class Collector:
    """What came."""

    def __init__(self) -> None:
        self.raw = bytearray()
        self.status = 200
        self.url = ""
        self._spans = list[Got]()

    def take(self, body: bytes) -> None:
        """Take in one request."""
        self.raw += body
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(body)
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                self._spans += [_got(span) for span in scope.spans]

    @property
    def spans(self) -> list[Got]:
        """All of them."""
        return list(self._spans)

    def named(self, name: str) -> Got:
        """The only one of that name."""
        [found] = [span for span in self.spans if span.name == name]
        return found


def _got(span: Any) -> Got:
    return Got(
        name=span.name,
        trace=span.trace_id.hex(),
        span=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in span.links),
        attributes={one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes},
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
    )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take it, or answer as the test says."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if collector.status == 200:
                collector.take(body)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
