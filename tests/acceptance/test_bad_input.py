"""Wrong files, wrong flags and hostile bytes: a clear answer, nothing upstream, and the sidecar lives."""

import re
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.clients import Call, curl
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

ROOT = Path(__file__).parents[2]
SIDEGATE = [sys.executable, str(ROOT / "sidegate.py")]

WRONG_CONFIGS = {
    "an unknown key": ("version: 1\ndestinatoins: {}\n", 2, "destinations"),
    "no version": ("identity: {agent: a}\n", 1, "version"),
    "a wrong version": ("version: 2\n", 1, "1"),
    "not yaml": ("version: 1\n  x: [\n", 2, ""),
    "a wrong type": ("version: 1\ninline_wait: {usual: soon}\n", 2, "usual"),
    "a wrong destination": ("version: 1\ndestinations:\n  allow: ['http://x/']\n", 3, "http://x/"),
    "two sources": ("version: 1\ncredentials:\n  - {host: a.b, env: X, file: /y}\n", 3, "env"),
    "a repeated key": ("version: 1\nversion: 1\n", 2, "version"),
    "a list": ("- version: 1\n", 1, ""),
    "nothing": ("", 1, "version"),
    "binary": ("\x00\x01", 1, ""),
}
WRONG_RULES = {
    "an unknown key": ("version: 1\nrules:\n  - {id: a, match: {host: x.y}, teir: 4}\n", 3, "tier"),
    "a wrong tier": ("version: 1\nrules:\n  - {id: a, match: {host: x.y}, tier: 5}\n", 3, "tier"),
    "an empty match": ("version: 1\nrules:\n  - {id: a, match: {}, tier: 4}\n", 3, "match"),
    "a bad host": ("version: 1\nrules:\n  - {id: a, match: {host: 'http://x'}, tier: 4}\n", 3, "host"),
}


@pytest.mark.parametrize(("flag", "case"), [
    *(("--config", case) for case in WRONG_CONFIGS),
    *(("--rules", case) for case in WRONG_RULES),
])  # fmt: skip
@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_wrong_file_starts_nothing(command: str, flag: str, case: str, tmp_path: Path) -> None:
    """Exit 2, one line with file, line, column, key and cure, and no data folder."""
    text, line, word = (WRONG_CONFIGS if flag == "--config" else WRONG_RULES)[case]
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    data_dir = tmp_path / "data"
    said = subprocess.run(
        [*SIDEGATE, command, flag, str(file), "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert said.returncode == 2, said.stderr
    assert re.match(rf"{re.escape(str(file))}:{line}:\d+: ", said.stderr), said.stderr
    assert word in said.stderr
    assert "Traceback" not in said.stderr
    assert not data_dir.exists()


WRONG_USE = {
    "no command": [],
    "an unknown command": ["dance"],
    "no port": ["serve", "--listen", "127.0.0.1"],
    "a port too far": ["serve", "--listen", "127.0.0.1:70000"],
    "reject without a reason": ["reject", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
    "exec without a command": ["exec"],
    "a missing rules file": ["check", "--rules", "/nowhere/rules.yaml"],
}


@pytest.mark.parametrize("case", WRONG_USE)
def test_wrong_use_is_exit_2(case: str) -> None:
    """Wrong flags and missing files end with 2 and without a traceback."""
    said = subprocess.run(
        [*SIDEGATE, *WRONG_USE[case]], capture_output=True, text=True, timeout=30, check=False
    )
    assert said.returncode == 2, said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    "command", ["serve", "check", "classify", "holds", "approve", "reject", "env", "exec"]
)
def test_every_command_has_help(command: str) -> None:
    """`--help` explains each command and its `--data-dir`."""
    said = subprocess.run(
        [*SIDEGATE, command, "--help"], capture_output=True, text=True, timeout=30, check=True
    )
    assert "--data-dir" in said.stdout


@pytest.mark.parametrize("busy", ["proxy", "console"])
def test_a_port_that_is_taken(busy: str, tmp_path: Path) -> None:
    """Exit 1, and the message names the flag."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"proxy": 0, "console": 0} | {busy: port}
        command = [*SIDEGATE, "serve", "--data-dir", f"/tmp/sg-{tmp_path.name[-20:]}"]
        command += ["--listen", f"127.0.0.1:{ports['proxy']}"]
        command += ["--console", f"127.0.0.1:{ports['console']}"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert said.returncode == 1, said.stderr
    assert f"127.0.0.1:{port}" in said.stderr
    assert "--listen" in said.stderr if busy == "proxy" else "--console" in said.stderr
    assert "Traceback" not in said.stderr


POST = b"POST http://localhost:1/ HTTP/1.1\r\nHost: localhost:1\r\n"
GARBAGE = {
    "nothing": b"",
    "an ssh banner": b"SSH-2.0-OpenSSH_9.2\r\n",
    "zeros": bytes(5_000),
    "a tls hello to the proxy itself": bytes.fromhex("16030100500100004c0303") + bytes(70),
    "a postgres start": bytes.fromhex("0000000804d2162f"),
    "a huge head": b"GET http://localhost/ HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "an endless line": b"G" * 500_000,
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "an h2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http/0.9": b"GET /\r\n\r\n",
    "origin form": b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an unknown encoding": POST + b"Content-Encoding: rot13\r\nContent-Length: 1\r\n\r\na",
    "a body over the limit": POST + b"Content-Length: 99999999999\r\n\r\n" + b"a" * 70_000,
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_at_the_door(case: str, sidecar: Sidecar) -> None:
    """Whatever arrives, the answer is 4xx or 5xx or a close, and the next client is served."""
    answer = _send(sidecar, GARBAGE[case])
    assert answer == b"" or re.match(rb"HTTP/1\.1 [45]\d\d ", answer), answer[:200]
    _still_serves(sidecar)


INSIDE = {
    "an ssh banner": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a broken hello": b"\x16\x03\x01\x00\x05hello",
    "a record too long": b"\x16\x03\x01\xff\xff" + bytes(100),
    "binary": bytes(range(256)),
    "redis": b"*1\r\n$4\r\nPING\r\n",
    "smtp": b"EHLO me\r\n",
}


@pytest.mark.parametrize("case", INSIDE)
def test_garbage_in_a_tunnel(case: str, sidecar: Sidecar, upstream: Upstream) -> None:
    """What is neither TLS nor HTTP never opens a connection upstream."""
    connect = f"CONNECT localhost:{upstream.port} HTTP/1.1\r\nHost: localhost:{upstream.port}\r\n\r\n"
    answer = _send(sidecar, connect.encode(), INSIDE[case])
    assert answer.startswith(b"HTTP/1.1 200")
    assert upstream.connections == 0
    _still_serves(sidecar)


def test_a_client_that_does_not_trust_us(sidecar: Sidecar, upstream: Upstream) -> None:
    """A client that pins another authority fails its own handshake; nothing goes upstream."""
    raw = socket.create_connection(("127.0.0.1", int(sidecar.proxy.rpartition(":")[2])), timeout=10)
    with raw:
        raw.sendall(
            f"CONNECT localhost:{upstream.port} HTTP/1.1\r\nHost: localhost:{upstream.port}\r\n\r\n".encode()
        )
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(raw, server_hostname="localhost")
    assert upstream.connections == 0
    _still_serves(sidecar)


def test_an_upstream_that_we_do_not_trust(sidecar: Sidecar, tmp_path: Path) -> None:
    """An upstream whose certificate does not verify gets no request; the agent gets a 502."""
    with Upstream(Authority.create(tmp_path).issue()) as stranger:
        answer = curl(Call(url=stranger.url("/x"), proxy=sidecar.proxy, ca=sidecar.ca_bundle), "--http1.1")
        assert answer.status == 502
        assert stranger.count() == 0


def test_closed_destinations(sidecar: Sidecar) -> None:
    """The reviewers' listener, the proxy itself and addresses that nobody opened are refused."""
    console = int(sidecar.console.rpartition(":")[2])
    proxy = int(sidecar.proxy.rpartition(":")[2])
    urls = [
        f"http://localhost:{console}/api/holds",
        f"http://localhost:{proxy}/",
        f"http://127.0.0.1:{console}/healthz",
        "http://127.0.0.1:9/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:9/",
        "http://10.0.0.1/",
    ]
    for url in urls:
        answer = curl(Call(url=url, proxy=sidecar.proxy, ca=sidecar.ca_bundle))
        assert answer.status == 403, url
        assert b"destination_refused" in answer.body, url


def _send(sidecar: Sidecar, *parts: bytes) -> bytes:
    """Send each part after the answer to the one before; return all that came until the close."""
    port = int(sidecar.proxy.rpartition(":")[2])
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        for number, part in enumerate(parts):
            try:
                client.sendall(part)
                if number < len(parts) - 1:
                    heard += client.recv(65_536)
            except OSError:
                return heard
        try:
            client.shutdown(socket.SHUT_WR)
            while data := client.recv(65_536):
                heard += data
        except OSError:
            pass
    return heard


def _still_serves(sidecar: Sidecar) -> None:
    answer = curl(Call(url="http://sidegate.internal/", proxy=sidecar.proxy, ca=sidecar.ca_bundle))
    assert answer.status == 404
