"""`sidegate serve` as a process that does not serve: exit codes and cures; and what it announces."""

import os
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.processes import living_in
from tests.ports import free_port

with warnings.catch_warnings():
    # What mitmproxy's filter language is written with has given up the names it uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    from proxy.cli.serve import _announce
    from proxy.serving.server import Serving

ROOT = Path(__file__).parents[3]
PASSWORD = "pass-word-9137"

type Said = tuple[int, str]
type Serve = Callable[..., Said]


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a folder whose path leaves room for the name of a unix socket; nothing may live in it after."""
    folder = Path(tempfile.mkdtemp(prefix="sg", dir="/tmp"))
    yield folder
    left = living_in(folder)
    shutil.rmtree(folder)
    assert not left


@pytest.fixture
def serve(home: Path) -> Serve:
    """Run `sidegate serve`, which is not expected to serve; gives its exit code and all its words."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("REDIS_", "SIDEGATE_"))}

    def running(*flags: str, listen: str = "127.0.0.1:0", **environment: str) -> Said:
        command = [sys.executable, str(ROOT / "sidegate.py"), "serve", "--data-dir", str(home / "data")]
        command += ["--listen", listen, "--console", "127.0.0.1:0", *flags]
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=60, env=inherited | environment, check=False
        )
        assert "Traceback" not in said.stderr
        assert "sidegate is serving" not in said.stdout
        assert not (home / "data" / "serve.json").is_file()
        return said.returncode, said.stdout + said.stderr

    return running


UNREACHABLE = {
    "nobody listens": ("redis://:{word}@127.0.0.1:9/0", "start Redis, or correct REDIS_URL"),
    "a name that does not resolve": ("redis://:{word}@no-such-host.invalid/0", "correct REDIS_URL"),
    "a socket that is not there": ("unix:///tmp/sg-no-such.sock", "correct REDIS_URL"),
    "a password with a hash": ("redis://:{word}#@127.0.0.1/", "percent-encode"),
}


@pytest.mark.parametrize("case", UNREACHABLE)
def test_a_store_that_cannot_be_reached(serve: Serve, case: str) -> None:
    """Exit 1 before anything listens, with the cure and without the password."""
    url, words = UNREACHABLE[case]
    code, said = serve(REDIS_URL=url.format(word=PASSWORD))
    # What cannot even be read as a place is found before anything is tried.
    assert (code, words in said, PASSWORD in said) == (2 if "#" in url else 1, True, False), said


@contextmanager
def _saying(words: bytes) -> Iterator[int]:
    """A store that answers everything with this error; gives its port."""

    class Answering(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(4096):
                self.request.sendall(b"-" + words + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


_ERRORS = {
    "no password": (b"NOAUTH Authentication required.", "(Authentication required)"),
    "a wrong password": (
        b"WRONGPASS invalid username-password pair or user is disabled.",
        "(invalid username",
    ),
    "protected mode": (b"DENIED Redis is running in protected mode because x.", "running in protected mode"),
    "an old server": (
        f"ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' '{PASSWORD}'".encode(),
        "correct REDIS_URL",
    ),
}


@pytest.mark.parametrize("case", _ERRORS)
def test_a_store_that_says_why(serve: Serve, home: Path, case: str) -> None:
    """Redis's own first words are shown, never what it quotes; a killed sidecar's serve.json goes."""
    words, shown = _ERRORS[case]
    _write(home / "data" / "serve.json", b"{}")
    with _saying(words) as port:
        code, said = serve(REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:{port}/0")
    assert (code, shown in said, PASSWORD in said) == (1, True, False), said


def _write(path: Path, content: bytes, *, mode: int = 0o600) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def _reviewers(home: Path, *files: str) -> str:
    """A configuration with a reviewer for each token file."""
    lines = [f"  - {{name: reviewer-{n}, token_file: '{file}'}}" for n, file in enumerate(files)]
    return _write(home / "config.yaml", "\n".join(["version: 1", "reviewers:", *lines, ""]).encode())


def test_a_reviewers_token_that_is_not_there(serve: Serve, home: Path) -> None:
    """Exit 1, naming the file and the cure."""
    code, said = serve("--config", _reviewers(home, str(home / "token")))
    assert (code, f"there is no token file `{home / 'token'}`" in said) == (1, True), said


def test_two_reviewers_with_one_token(serve: Serve, home: Path) -> None:
    """In two files, too: no vote would say whose it is."""
    files = [_write(home / f"token-{n}", b"one-token-for-both-of-them\n") for n in (1, 2)]
    code, said = serve("--config", _reviewers(home, *files))
    assert (code, "have the same token: give each their own" in said) == (1, True), said


SPOILED: dict[str, tuple[str, bytes, int, str]] = {
    "a short seal key": ("keys/seal.key", b"k" * 31, 0o600, "31 bytes instead of 32"),
    "an open seal key": ("keys/seal.key", b"k" * 32, 0o644, "chmod 600"),
    "an empty fingerprint key": ("keys/fingerprint.key", b"", 0o600, "0 bytes instead of 32"),
    "a spoiled authority": ("ca/mitmproxy-ca.pem", b"?", 0o600, "does not hold a key and its certificate"),
    "an open authority": ("ca/mitmproxy-ca.pem", b"?", 0o644, "chmod 600"),
    "an open operator's token": ("operator.token", b"a-long-enough-token-1", 0o644, "chmod 600"),
    "a spoiled operator's token": ("operator.token", b"?", 0o600, "holds no token"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_spoiled_data_folder(serve: Serve, home: Path, case: str) -> None:
    """What keys and tokens are for is not guessed and not replaced: exit 1 with the file and the cure."""
    name, content, mode, words = SPOILED[case]
    path = home / "data" / name
    _write(path, content, mode=mode)
    code, said = serve()
    assert (code, words in said, str(path) in said) == (1, True, True), said
    assert path.read_bytes() == content


def test_a_data_folder_that_is_a_file(serve: Serve, home: Path) -> None:
    """Exit 1 and the path."""
    _write(home / "data", b"")
    code, said = serve()
    assert (code, f"`{home / 'data'}` cannot be used" in said) == (1, True), said


def test_a_data_folder_with_too_long_a_name(serve: Serve, home: Path) -> None:
    """A unix socket's path is short; the embedded store says so before it fails in other words."""
    code, said = serve("--data-dir", str(home / ("long" * 30)))
    assert (code, "choose a shorter --data-dir" in said) == (1, True), said


def test_where_nothing_can_be_announced(serve: Serve, home: Path) -> None:
    """A sidecar that no command could find does not serve on in silence."""
    (home / "data" / "serve.json").mkdir(parents=True)
    code, said = serve()
    assert (code, "serve.json" in said) == (1, True), said


def test_one_port_for_both_listeners(home: Path) -> None:
    """The second one to bind is refused, whichever port it is."""
    place = f"127.0.0.1:{free_port()}"
    command = [sys.executable, str(ROOT / "sidegate.py"), "serve", "--data-dir", str(home / "data")]
    said = subprocess.run(
        [*command, "--listen", place, "--console", place],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (said.returncode, f"cannot listen on `{place}`" in said.stderr) == (1, True), said.stderr
    assert "--listen" in said.stderr


def test_an_address_of_another_machine(serve: Serve) -> None:
    """Exit 1 with the flag that named it."""
    code, said = serve(listen="192.0.2.77:8080")
    assert (code, "cannot listen on `192.0.2.77:8080`" in said, "--listen" in said) == (1, True, True), said
    assert "this machine has no such address, give another --listen" in said


@pytest.mark.parametrize(
    ("folder", "flag"), [("data", " --data-dir {}/data"), ("it's", """ --data-dir '{}/it'"'"'s'""")]
)
def test_what_it_announces(
    tmp_path: Path,
    folder: str,
    flag: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every address and file, and a line that a shell takes as it is."""
    monkeypatch.setattr(sys, "argv", [str(ROOT / "sidegate.py")])
    monkeypatch.setenv("PATH", "/nowhere")
    data_dir = tmp_path / folder
    _announce(Serving(proxy="http://127.0.0.1:1", console="http://127.0.0.1:2", data_dir=data_dir))
    said = capsys.readouterr().out
    for part in ("http://127.0.0.1:1", "http://127.0.0.1:2", "ca.pem", "operator.token", str(data_dir)):
        assert part in said
    command = f"{sys.executable} {ROOT / 'sidegate.py'} env" + flag.format(tmp_path)
    assert f'  eval "$({command})"\n' in said
    shown = subprocess.run(["/bin/sh", "-c", f'printf "%s|" {command}'], capture_output=True, check=True)
    assert shown.stdout.decode().split("|")[-2] == str(data_dir)


WITNESSES = {
    "a device": ("/dev/null", "is no regular file: give it a path of its own"),
    "a folder that is not there": ("/no/such/folder/witness", "cannot be used (No such file or directory)"),
}


@pytest.mark.parametrize("case", WITNESSES)
def test_a_witness_that_cannot_be_written(serve: Serve, case: str) -> None:
    """Exit 1 before anything listens: without its witness, nothing may leave."""
    path, words = WITNESSES[case]
    code, said = serve("--witness", path)
    assert (code, path in said, words in said) == (1, True, True), said
