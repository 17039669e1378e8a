"""TLS clients through a proxy (or straight to the upstream), and the closed loop over them."""

import select
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.bench.processes import HOST

ANSWER_SECONDS = 10.0
RECEIVE_BYTES = 64 * 1024


class WrongAnswer(Exception):
    """An answer that is not the upstream's: the run fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a client reaches the upstream: its port, and the proxy's port or None for direct."""

    port: int
    proxy_port: int | None
    certificate: bytes
    """DER of the upstream's own leaf: what a client must not see through a proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the closed loop saw: every answer was right."""

    wall_seconds: float
    latencies: tuple[float, ...]
    """Seconds from request to whole answer, one per request."""


class Client:
    """One keep-alive connection that asks for the same item again and again."""

    def __init__(self, connection: ssl.SSLSocket, *, request: bytes, item: bytes) -> None:
        self._connection = connection
        self._request = request
        self._item = item
        self._answer = b""
        self._asked_at = 0.0

    def fileno(self) -> int:
        """Return the socket's number, for epoll."""
        return self._connection.fileno()

    def ask(self) -> None:
        """Send the request; the socket's buffer always has room for one."""
        self._asked_at = time.perf_counter()
        self._connection.send(self._request)

    def hear(self) -> float | None:
        """Take what has arrived; once the answer is whole and right, return its latency."""
        while True:
            try:
                received = self._connection.recv(RECEIVE_BYTES)
            except ssl.SSLWantReadError:
                return None
            if not received:
                raise WrongAnswer(f"the connection was closed after {self._answer[:200]!r}")
            self._answer += received
            if is_right_answer(self._answer, self._item):
                self._answer = b""
                return time.perf_counter() - self._asked_at


def is_right_answer(answer: bytes, item: bytes) -> bool:
    """Say whether the answer is whole; WrongAnswer unless it is, so far, a 200 with `item`."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise WrongAnswer(f"not a 200: {answer[:300]!r}")
    if b"\r\ncontent-length: %d\r\n" % len(item) not in head.lower() + b"\r\n":
        raise WrongAnswer(f"no content-length of {len(item)}: {head[:300]!r}")
    if not item.startswith(body):
        raise WrongAnswer(f"not the upstream's body: {body[:200]!r}")
    return len(body) == len(item)


def connect(route: Route) -> ssl.SSLSocket:
    """Open a TLS connection along the route; WrongAnswer if the proxy refuses or only tunnels."""
    port = route.proxy_port or route.port
    plain = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with ExitStack() as on_failure:
        on_failure.callback(plain.close)
        if route.proxy_port is not None:
            _open_tunnel(plain, route.port)
        connection = _client_context().wrap_socket(plain, server_hostname=HOST)
        on_failure.pop_all()
    if route.proxy_port is not None and connection.getpeercert(True) == route.certificate:
        connection.close()
        raise WrongAnswer("the proxy shows the upstream's own certificate: it tunnels, unjudged")
    return connection


def post_request(path: str, port: int, *, body: bytes, fields: Sequence[str] = ()) -> bytes:
    """Return a POST of a JSON body, with further header lines in `fields`."""
    lines = [f"POST {path} HTTP/1.1", f"host: {HOST}:{port}", "user-agent: bench", "accept: */*"]
    lines += ["content-type: application/json", f"content-length: {len(body)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(connection: ssl.SSLSocket, request: bytes, *, item: bytes) -> None:
    """Send the request on a blocking connection and read its answer. WrongAnswer unless it is `item`."""
    connection.sendall(request)
    answer = b""
    while not is_right_answer(answer, item):
        received = connection.recv(RECEIVE_BYTES)
        if not received:
            raise WrongAnswer(f"the connection was closed after {answer[:200]!r}")
        answer += received


@contextmanager
def clients(route: Route, *, count: int, item: bytes) -> Iterator[list[Client]]:
    """Open `count` connections for the closed loop and close them afterwards."""
    request = get_request("/item", route.port)
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(route)) for _ in range(count)]
        for connection in connections:
            connection.setblocking(False)
        yield [Client(connection, request=request, item=item) for connection in connections]


def get_request(path: str, port: int) -> bytes:
    """Return a GET as a small JSON client would send it."""
    lines = [f"GET {path} HTTP/1.1", f"host: {HOST}:{port}", "user-agent: bench", "accept: */*"]
    return "\r\n".join([*lines, "", ""]).encode()


def drive(asking: list[Client], *, seconds: float) -> Tally:
    """Keep one request in flight per client for `seconds`, then wait for the last answers."""
    latencies: list[float] = []
    by_number = {client.fileno(): client for client in asking}
    started = time.perf_counter()
    with select.epoll() as poll:
        for client in asking:
            poll.register(client, select.EPOLLIN)
            client.ask()
        waiting = len(asking)
        while waiting:
            ready = poll.poll(ANSWER_SECONDS)
            if not ready:
                raise TimeoutError(f"{waiting} requests had no answer in {ANSWER_SECONDS:.0f} s")
            for number, _ in ready:
                client = by_number[number]
                latency = client.hear()
                if latency is None:
                    continue
                latencies.append(latency)
                if time.perf_counter() - started < seconds:
                    client.ask()
                else:
                    waiting -= 1
    return Tally(wall_seconds=time.perf_counter() - started, latencies=tuple(latencies))


def _open_tunnel(plain: socket.socket, port: int) -> None:
    plain.sendall(f"CONNECT {HOST}:{port} HTTP/1.1\r\nhost: {HOST}:{port}\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        received = plain.recv(RECEIVE_BYTES)
        if not received:
            raise WrongAnswer(f"CONNECT was closed after {answer[:200]!r}")
        answer += received
    if not answer.startswith(b"HTTP/1.1 200"):
        raise WrongAnswer(f"CONNECT was refused: {answer[:300]!r}")


def _client_context() -> ssl.SSLContext:
    """Trust anything: what the client's own check costs is not the proxy's CPU."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
