"""Tests of `sidegate exec` with real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proxy.cli.desk import Desk
from tests.proxy.cli.test_environment import expected

MAIN = """
import argparse, sys
from proxy.cli import execute
parser = argparse.ArgumentParser()
execute.add_parser(parser.add_subparsers())
args = parser.parse_args()
sys.exit(args.run(args))
"""
PRINT_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"


def execute(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `sidegate exec` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, "exec", "--data-dir", str(folder), "--quiet", *command],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_environment_of_a_command(desk: Desk) -> None:
    """The command has our variables over its own, and none that lead to the operator's token."""
    done = execute(
        desk.folder,
        *("--", sys.executable, "-c", PRINT_ENVIRONMENT),
        SIDEGATE_DATA_DIR=str(desk.folder),
        SIDEGATE_TOKEN="hush",
        NO_PROXY="*",
        HTTPS_PROXY="http://elsewhere:1",
        KEPT="1",
    )
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found | expected(desk.folder) == found
    assert found["KEPT"] == "1"
    assert not [name for name in found if name.startswith("SIDEGATE_")]
    assert "hush" not in done.stdout


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("--", "sh", "-c", "exit 7"), 7),
        (("--", "sh", "-c", "exit 0"), 0),
        (("--", "sh", "-c", "kill -TERM $$"), -15),
        (("sh", "-c", "exit 3"), 2),
        (("true",), 0),
    ],
)
def test_the_exit_code_is_the_commands(desk: Desk, command: tuple[str, ...], code: int) -> None:
    """It becomes the command, so code and signal are the command's; flags need the two dashes."""
    assert execute(desk.folder, *command).returncode == code


def test_arguments_arrive_as_they_are(desk: Desk) -> None:
    """No shell, no second reading: every argument arrives byte for byte."""
    odd = ["--", "--data-dir", "$(id)", "a b", "", "'\"", "*", "é", "-n"]
    done = execute(
        desk.folder, "--", sys.executable, "-c", "import sys, json; print(json.dumps(sys.argv[1:]))", *odd
    )
    assert json.loads(done.stdout) == odd


def test_what_it_reads_and_writes_is_the_commands(desk: Desk) -> None:
    """Standard input goes through."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "exec", "--data-dir", str(desk.folder), "--", "cat"],
        input=b"\x00\xffhello",
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == b"\x00\xffhello"


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("sidegate-no-such-command", 127, "there is no such command"),
        ("/nowhere/at/all", 127, "there is no such command"),
        ("/etc/passwd/x", 127, "there is no such command"),
        ("", 127, "there is no such command"),
        ("/", 126, "it cannot be run (Permission denied)"),
    ],
)
def test_commands_that_cannot_be_run(desk: Desk, command: str, code: int, words: str) -> None:
    """The shell's own codes: 127 not found, 126 found and not executable."""
    done = execute(desk.folder, "--", command)
    assert done.returncode == code
    assert done.stderr == f"sidegate: `{command}`: {words}\n"


@pytest.mark.parametrize(("mode", "words"), [(0o644, "Permission denied"), (0o755, "Exec format error")])
def test_files_that_are_no_programs(desk: Desk, tmp_path: Path, mode: int, words: str) -> None:
    """A file that may not be executed, or that no system knows how to, is not executable."""
    path = tmp_path / "odd"
    path.write_bytes(b"\x00\x01")
    path.chmod(mode)
    done = execute(desk.folder, "--", str(path))
    assert done.returncode == 126
    assert words in done.stderr


def test_nothing_runs_without_a_sidecar(desk: Desk, tmp_path: Path) -> None:
    """No gate, no agent."""
    ran = tmp_path / "ran"
    (desk.folder / "serve.json").unlink()
    done = execute(desk.folder, "--", "touch", str(ran))
    assert done.returncode == 1
    assert "no sidecar serves from" in done.stderr
    assert not ran.exists()


def test_nothing_runs_while_nobody_listens(desk: Desk, tmp_path: Path) -> None:
    """A sidecar that does not answer is no gate either."""
    ran = tmp_path / "ran"
    desk.rewrite(console="http://127.0.0.1:1")
    done = execute(desk.folder, "--", "touch", str(ran))
    assert done.returncode == 1
    assert not ran.exists()


def test_nothing_runs_without_certificates(desk: Desk, tmp_path: Path) -> None:
    """An agent that cannot trust the gate would fail later and worse."""
    ran = tmp_path / "ran"
    (desk.folder / "ca.pem").unlink()
    done = execute(desk.folder, "--", "touch", str(ran))
    assert done.returncode == 1
    assert not ran.exists()


def test_wrong_use(desk: Desk) -> None:
    """A command has to be named."""
    assert execute(desk.folder).returncode == 2
    assert execute(desk.folder, "--").returncode == 2
