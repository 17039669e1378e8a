"""Programs that print a secret, and all that they may do instead."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from proxy.credentials.sources.command import FromCommand
from proxy.credentials.sources.secret import CredentialError


def command(*argv: str, timeout: float = 30.0) -> FromCommand:
    """A program whose secret is its generation."""
    return FromCommand(argv=argv, timeout=timeout, keyed=str.upper)


def python(text: str, timeout: float = 30.0) -> FromCommand:
    """A program of a few lines."""
    return command(sys.executable, "-c", text, timeout=timeout)


async def test_a_secret() -> None:
    """What it prints, without white space around it, anew each time; no shell reads the arguments."""
    made = command("/bin/echo", " $(id)", "; `id`")
    assert await made.generation() == ""
    assert (await made.secret()).text == "$(id) ; `id`"
    assert await made.generation() == "$(ID) ; `ID`"


FAULTS = {
    "nothing": ("", "printed nothing; let it print the secret"),
    "blank": ("print(' ')", "printed nothing"),
    "a failure": ("print('hunter2'); raise SystemExit(3)", "ended with status 3; run it by hand"),
    "a crash": ("import os; os.kill(os.getpid(), 9)", "ended with status -9"),
    "too much": ("print('hunter2' * 10000)", "printed over 65536 bytes"),
    "without end": ("while True: print('hunter2' * 1000)", "printed over 65536 bytes"),
    "words on the other side": ("import sys; sys.exit('hunter2')", "ended with status 1"),
}


@pytest.mark.parametrize("case", FAULTS)
async def test_faults(case: str) -> None:
    """Each is said with its cure, and nothing of what was printed."""
    text, words = FAULTS[case]
    with pytest.raises(CredentialError) as caught:
        await python(text).secret()
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"the command `{sys.executable}` ")
    assert "hunter2" not in str(caught.value)


async def test_no_such_program(tmp_path: Path) -> None:
    """Missing, no program, no name at all."""
    (tmp_path / "file").write_text("x")
    for name, why in (
        ("none", "No such file"),
        ("file", "Permission denied"),
        ("a\0b", "no program can have"),
    ):
        with pytest.raises(CredentialError, match=f"cannot be started: {why}"):
            await command(str(tmp_path / name)).secret()


async def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """Nothing of it is left behind."""
    note = tmp_path / "pid"
    text = (
        "import subprocess, sys, pathlib, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    with pytest.raises(
        CredentialError, match=r"did not end within 3 s; make it faster or raise its `timeout`"
    ):
        await python(text, timeout=3.0).secret()
    end = time.monotonic() + 20
    while _lives(int(note.read_text())):
        assert time.monotonic() < end, "its child lives on"
        await asyncio.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/exe").readlink() != Path()
    except OSError:
        return False
