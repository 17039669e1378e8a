"""The command line as a whole: which commands there are, and what each way to end is worth."""

import os
import re
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

from proxy import cli
from proxy.cli import main

with warnings.catch_warnings():
    # What mitmproxy's filter language is written with has given up the names it uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    import_module("proxy.cli.serve")

ROOT = Path(__file__).parents[3]

type Capture = pytest.CaptureFixture[str]


def run(*arguments: str) -> int:
    """The exit code, also of what the parser ends."""
    try:
        return main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)


WRONG = {
    "nothing": [],
    "an unknown command": ["dance"],
    "an unknown flag": ["check", "--dance"],
    "a flag before the command": ["--data-dir", "x", "check"],
    "a command's beginning": ["che"],
    "a flag without its value": ["check", "--config"],
    "too much": ["unkill", "now"],
    "no id": ["approve"],
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_is_2(case: str, capsys: Capture) -> None:
    """With the usage on standard error and nothing on standard output."""
    assert run(*WRONG[case]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("usage: sidegate")


@pytest.mark.parametrize("command", cli._COMMANDS)
def test_help_is_0(command: str, capsys: Capture) -> None:
    """Every command explains itself and its data folder."""
    assert run(command, "--help") == 0
    assert "--data-dir" in capsys.readouterr().out


def test_the_version(capsys: Capture) -> None:
    """`sidegate --version` says it, and nothing else."""
    assert run("--version") == 0
    assert re.fullmatch(r"sidegate \S+\n", capsys.readouterr().out)


MISTAKEN = {
    "a state": (["holds", "--state", "waiting"], "choose from 'pending', "),
    "an outcome": (["resolve", "x", "done", "--reason", "seen"], "choose from 'executed', "),
    "a label": (["label", "x", "good"], "choose from 'necessary', "),
    "a passed call's label": (["passed", "x", "good"], "choose from 'right', "),
    "a kind": (["audit", "show", "--kind", "x"], "choose from '"),
    "a trust": (["mcp", "--trust", "x", "--", "cat"], "choose from 'first-use', "),
    "minutes": (["grant", "x", "--reason", "y", "--minutes", "ten"], "`ten` is no whole number; give one"),
    "a user": (["doctor", "--as", "agent"], "`agent` is no user id; give its number"),
    "a tier": (["users", "add", "x", "--tier", "9"], "choose from '3', '4'"),
}


@pytest.mark.parametrize("case", MISTAKEN)
def test_what_a_flag_does_not_take(case: str, capsys: Capture) -> None:
    """It says what it takes, in words that can be typed, and not in Python's."""
    arguments, cure = MISTAKEN[case]
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert cure in said
    assert not re.search(r"<\w+\.|invalid \w+ value", said), said


def test_all_commands_are_listed(capsys: Capture) -> None:
    """`sidegate --help` names each of them with a sentence."""
    assert run("--help") == 0
    said = capsys.readouterr().out
    for command in cli._COMMANDS:
        assert f"\n    {command} " in said, command


def test_a_negative_result_is_1(tmp_path: Path, capsys: Capture) -> None:
    """What was asked for did not happen, and the message says what to do."""
    assert run("holds", "--data-dir", str(tmp_path)) == 1
    assert "no sidecar serves from" in capsys.readouterr().err


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells count it, without a traceback."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("proxy.cli.check.run", interrupted)
    assert run("check") == 130


@pytest.mark.parametrize("buffering", ["", "1"])
def test_a_reader_that_goes_is_no_error_message(buffering: str) -> None:
    """`sidegate check | true` says nothing about pipes, however Python buffers."""
    command = f"{sys.executable} {ROOT / 'sidegate.py'} check; echo $? >&2"
    with subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": buffering},
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == "1\n"


def test_a_command_imports_what_it_needs() -> None:
    """`check` does not wait for the proxy to be imported, and `holds` not for the rules."""
    program = (
        "import sys; from proxy.cli import main; main(['check'])\n"
        "print(sorted({'mitmproxy', 'uvicorn', 'starlette'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert said.stdout.splitlines()[-1] == "[]"
