"""Tests of finding the sidecar, and of all the ways in which it is not there."""

import argparse
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.cli import remote
from proxy.cli.remote import Negative, add_data_dir, check_ready, find, hold_path, reported
from proxy.data_dir.files import write_secret
from proxy.data_dir.lock import exclusive
from tests.proxy.cli.desk import PROXY, Desk, desk_at, sidegate

type Capture = pytest.CaptureFixture[str]


@contextmanager
def stranger(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Something else that listens: gives its URL and what it was sent."""
    heard: list[bytes] = []

    def listen(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            if request := connection.recv(65536):
                heard.append(request)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=listen, args=(server,))
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        socket.create_connection(server.getsockname()).close()  # wakes it if nobody came
        thread.join(10)


def test_no_folder(tmp_path: Path, capsys: Capture) -> None:
    """Without a folder the message names the command that makes one."""
    folder = tmp_path / "none"
    assert sidegate("holds", "--data-dir", str(folder)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"sidegate: no sidecar serves from `{folder}`: start it with `sidegate serve --data-dir {folder}`, "
        "or name its folder with --data-dir\n"
    )


def test_the_folder_comes_from_the_environment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """SIDEGATE_DATA_DIR names the folder where no flag does; empty means unset."""
    monkeypatch.setenv("SIDEGATE_DATA_DIR", str(desk.folder))
    assert sidegate("holds") == 0
    monkeypatch.setenv("SIDEGATE_DATA_DIR", "")
    monkeypatch.chdir(desk.folder.parent)
    assert sidegate("holds") == 1
    assert "no sidecar serves from `.sidegate`" in capsys.readouterr().err


def test_a_dead_sidecar_is_not_spoken_to(tmp_path: Path, capsys: Capture) -> None:
    """Whoever took over a killed sidecar's port, and its process id, is not given the operator's token."""
    with stranger(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as (url, heard):
        killed = desk_at(tmp_path / "data", url)  # the id in its serve.json is that of a process that lives
        with exclusive(killed.folder):
            pass
        assert killed.run("holds") == 1
    assert heard == []
    assert "no sidecar serves from" in capsys.readouterr().err


def test_nobody_listens(desk: Desk, capsys: Capture) -> None:
    """A console that refuses connections is named."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    desk.rewrite(console=f"http://127.0.0.1:{port}")
    assert desk.run("holds") == 1
    assert f"the console at `http://127.0.0.1:{port}" in capsys.readouterr().err


def test_it_does_not_answer(desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that hangs is waited for so long and no longer."""
    monkeypatch.setattr(remote, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        desk.rewrite(console=f"http://127.0.0.1:{server.getsockname()[1]}")
        assert desk.run("holds") == 1
    assert "did not answer within 0.2 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\n\xff",
        b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
)
def test_something_else_answers(desk: Desk, capsys: Capture, answer: bytes) -> None:
    """What is no console is not taken for one, and is not followed anywhere."""
    with stranger(answer) as (url, _):
        desk.rewrite(console=url)
        assert desk.run("holds") == 1
    said = capsys.readouterr()
    assert said.err.startswith("sidegate: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"proxy": "http://127.0.0.1:1"}',
        b'{"proxy": "http://127.0.0.1:1", "console": "file:///etc/passwd", "pid": 1}',
        b'{"proxy": "http://127.0.0.1:1", "console": "127.0.0.1:2", "pid": 1}',
        b'{"proxy": 7, "console": "http://127.0.0.1:2", "pid": 1}',
        b'{"proxy": "http://0.0.0.0:99999999", "console": "http://127.0.0.1:2", "pid": 1}',
    ],
)
def test_a_damaged_serve_json(desk: Desk, capsys: Capture, content: bytes) -> None:
    """A file that does not say where the sidecar is names itself and the cure."""
    write_secret(desk.folder / "serve.json", content)
    assert desk.run("holds") == 1
    assert "does not say where the sidecar listens: start it anew" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["serve.json", "operator.token"])
def test_files_that_others_can_read(desk: Desk, capsys: Capture, name: str) -> None:
    """A token that others can read is no secret, and a file that others wrote is no guide."""
    (desk.folder / name).chmod(0o644)
    assert desk.run("holds") == 1
    assert "can be read by others: run `chmod 600" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "start the sidecar anew, it makes one"),
        (b"\xff\xfe", "is not a token"),
        (b"another-token", "the console does not take the token in"),
        (b"", "is not a token"),
        (b"another-token\nx", "is not a token"),
    ],
)
def test_bad_tokens(desk: Desk, capsys: Capture, content: bytes | None, words: str) -> None:
    """A token that does not open says so, without telling it."""
    path = desk.folder / "operator.token"
    path.unlink()
    if content is not None:
        write_secret(path, content)
    assert desk.run("holds") == 1
    said = capsys.readouterr().err
    assert words in said
    assert "another-token" not in said


def test_the_environments_proxy_is_not_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator in an agent's shell does not send the token through the gate."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert desk.run("holds") == 0


@pytest.mark.parametrize(
    ("said", "reached"),
    [
        ("http://0.0.0.0:8081", "http://127.0.0.1:8081"),
        ("http://[::]:8081", "http://[::1]:8081"),
        ("http://10.0.0.7:8081", "http://10.0.0.7:8081"),
    ],
)
def test_every_interface_is_reached_on_loopback(desk: Desk, said: str, reached: str) -> None:
    """An address to listen on everywhere is none to connect to."""
    desk.rewrite(console=said, proxy=said)
    sidecar = find(desk.folder)
    assert (sidecar.console, sidecar.proxy) == (reached, reached)


def test_ready(desk: Desk) -> None:
    """A sidecar that is ready raises nothing."""
    sidecar = find(desk.folder)
    assert sidecar.proxy == PROXY
    check_ready(sidecar)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"ready": false, "not_ready": ["store", "proxy"]}', "the sidecar is not ready (store, proxy)"),
        (b'{"detail": "?"}', "the sidecar is not ready: see its log"),
        (b"down", "is not a sidegate console"),
    ],
)
def test_not_ready(desk: Desk, body: bytes, words: str) -> None:
    """What is not ready is named; no token is sent to learn it."""
    head = b"HTTP/1.1 503 Oh\r\nContent-Length: %d\r\n\r\n" % len(body)
    with stranger(head + body) as (url, heard):
        desk.rewrite(console=url)
        with pytest.raises(Negative) as caught:
            check_ready(find(desk.folder))
    assert words in str(caught.value)
    assert b"authorization" not in heard[0].lower()


@pytest.mark.parametrize(
    "hold_id",
    [
        "",
        "x",
        "../kill",
        "..",
        "01jzzzzzzzzzzzzzzzzzzzzzzz",
        "%2e%2e",
        "\u0661" * 26,
        "A" * 27,
        "A" * 26 + "\n",
    ],
)
def test_ids_that_no_hold_has(desk: Desk, hold_id: str, capsys: Capture) -> None:
    """An id cannot lead anywhere else in the API; it is echoed visibly."""
    with pytest.raises(Negative, match="there is no hold"):
        hold_path(hold_id)
    assert desk.run("approve", hold_id) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_messages_cannot_act_on_a_terminal(capsys: Capture) -> None:
    """A message that quotes what others wrote has it spelled out."""

    def run(_args: argparse.Namespace) -> int:
        raise Negative("`\x1b[2J\u202e` is odd", code=126)

    assert reported(run)(argparse.Namespace()) == 126
    assert capsys.readouterr().err == "sidegate: `\\x1b[2J\\u{202e}` is odd\n"


def test_the_default_folder() -> None:
    """Every command takes --data-dir."""
    parser = argparse.ArgumentParser()
    add_data_dir(parser)
    assert parser.parse_args([]).data_dir == Path(".sidegate")
    assert parser.parse_args(["--data-dir", "/x"]).data_dir == Path("/x")


def test_another_users_folder(capsys: Capture) -> None:
    """Whatever a command would read there, it says which file, and who may."""

    def run(_: argparse.Namespace) -> int:
        raise PermissionError(13, "Permission denied", "/d/\x1b[2Jkeys")

    assert reported(run)(argparse.Namespace()) == 1
    said = capsys.readouterr().err
    assert "keys` cannot be used (Permission denied): run this as the sidecar's user\n" in said
    assert "\x1b" not in said


def test_what_is_no_file_is_not_taken_for_one() -> None:
    """A fault of ours stays one."""

    def run(_: argparse.Namespace) -> int:
        raise PermissionError(1, "Operation not permitted")

    with pytest.raises(PermissionError):
        reported(run)(argparse.Namespace())
