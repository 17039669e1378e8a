"""What is asked of the kernel, each in a process that ends with it."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.nets import needs_nets

pytestmark = needs_nets

START = """
import os, subprocess, sys
from pathlib import Path
from proxy.capture import kernel
from proxy.capture.programs import CaptureError
"""


def told(script: str, *arguments: str) -> str:
    """What a script prints that may change its own process."""
    done = subprocess.run(
        [sys.executable, "-c", START + script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_privileges_are_gone_for_good() -> None:
    """No capability, none that could come back, and nothing that is run brings any."""
    said = told(
        "kernel.lose_privileges(uid=1500, gid=1501, groups=[])\n"
        "os.execv('/bin/sh', ['sh', '-c', 'id -u; id -g; id -G; grep -E \"Cap|NoNew\" /proc/self/status'])"
    )
    lines = said.split()
    assert lines[:3] == ["1500", "1501", "1501"]
    assert {value for name, value in pairwise(lines) if name.startswith("Cap")} == {"0" * 16}
    assert lines[-1] == "1"


def test_root_without_privileges() -> None:
    """Root stays root by number, and may not even change its network."""
    said = told(
        "kernel.unshare(os.CLONE_NEWNET, 'x')\n"
        "kernel.lose_privileges(uid=0, gid=0, groups=None)\n"
        "done = subprocess.run(['ip', 'link', 'set', 'lo', 'up'], capture_output=True)\n"
        "print(os.getuid(), done.returncode)"
    )
    assert said.split() == ["0", "2"]


def test_mounts_are_seen_by_nobody_else(tmp_path: Path) -> None:
    """A folder and a file covered here are as they were outside."""
    script = (
        "folder, file, new = (Path(sys.argv[1] + end) for end in ('', '.file', '.new'))\n"
        "(folder / 'secret').write_text('s'); file.write_text('before'); new.write_text('new')\n"
        "kernel.unshare(os.CLONE_NEWNS, 'x'); kernel.keep_mounts()\n"
        "kernel.mount_over(new, file); kernel.mount_empty(folder)\n"
        "print(file.read_text(), len(list(folder.iterdir())), oct(folder.stat().st_mode & 0o777))"
    )
    folder = tmp_path / "data"
    folder.mkdir()
    assert told(script, str(folder)).split() == ["new", "0", "0o755"]
    assert [path.name for path in folder.iterdir()] == ["secret"]


FAILURES = {
    "a namespace": ("kernel.unshare(1 << 30 | 1, 'a room')", "a room cannot be made here (Invalid argument)"),
    "a folder that is not there": (
        "kernel.mount_empty(Path('/nowhere'))",
        "`/nowhere` cannot be covered for the agent (No such file or directory)",
    ),
    "another user": (
        "os.setresuid(1500, 1500, 1500); kernel.lose_privileges(uid=1, gid=1, groups=None)",
        "this process cannot become user `1` (Operation not permitted)",
    ),
    "a map of users": (
        "kernel.map_user(inside=0, outside=0, group_inside=0, group_outside=0)",
        "a user namespace cannot be used here",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_cannot_be_had_is_said(case: str) -> None:
    """In our own words, with the kernel's reason."""
    act, words = FAILURES[case]
    assert words in told(f"try:\n    {act}\nexcept CaptureError as error:\n    print(error)\n")
