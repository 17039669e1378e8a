"""The room of one agent: what is in it, what is out of sight, and that its agent cannot undo it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.capture import programs, room
from proxy.capture.programs import CaptureError
from tests.nets import needs_nets

pytestmark = needs_nets

ROOT = Path(__file__).parents[3]

# Root makes it as root; a user without any right makes it by a user namespace.
MAKE = """
import ctypes, json, os, sys
from pathlib import Path
from proxy.capture import room
from proxy.capture.room import Person, Trust
uid, folder = int(sys.argv[1]), Path(sys.argv[2])
trust = Trust(files={"ca-bundle.pem": b"ours"}, bundle="ca-bundle.pem")
was_root = uid == 0
if not was_root:
    os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
assert room.why_not() is None, room.why_not()
room.enter()
roles = [(one.role, *one.socket.getsockname()[:2]) for one in room.furnish(18080)]
room.cover(folder, trust, shelf=folder)
room.leave_as(Person(uid=uid or 1500, gid=uid or 1500, groups=[]), was_root=was_root)
print(json.dumps(roles), flush=True)
os.execv("/bin/sh", ["sh", "-c", sys.argv[3]])
"""


def within(uid: int, folder: Path, script: str) -> tuple[list[list[str]], str]:
    """The sockets of a room that `uid` made, and what a shell in it prints, errors too."""
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(uid), str(folder), f"exec 2>&1; {script}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    roles, _, rest = done.stdout.partition("\n")
    assert roles, done.stderr
    return json.loads(roles), rest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a secret in it, that everybody can get to: not below pytest's, which nobody can."""
    with tempfile.TemporaryDirectory(prefix="sidegate-room-") as above:
        Path(above).chmod(0o711)
        made = Path(above, "data")
        made.mkdir()
        made.chmod(0o777)
        (made / "secret").write_text("s")
        yield made


BOTH = pytest.mark.parametrize("uid", [0, 1500], ids=["root", "user"])


@BOTH
def test_what_is_in_it(uid: int, folder: Path) -> None:
    """Loopback alone, an address and a way to everywhere; the proxy at its usual port."""
    roles, said = within(uid, folder, "ls /sys/class/net 2>/dev/null; ip -o addr; ip route; ip -6 route")
    assert ["proxy", "127.0.0.1", 18080] in roles
    assert {role for role, *_ in roles} == {"proxy", "captured", "dns"}
    assert "default dev lo" in said
    assert "198.18.0.2/32" in said
    assert [line for line in said.splitlines() if ": eth" in line or ": veth" in line] == []


@BOTH
def test_what_is_out_of_sight(uid: int, folder: Path) -> None:
    """The keys; and the system's authorities are with ours. Outside, all is as it was."""
    before = Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    _, said = within(uid, folder, f"ls {folder}; cat {folder}/secret; cat /etc/ssl/certs/ca-certificates.crt")
    assert said.split()[0] == "ca-bundle.pem"
    assert "No such file" in said
    assert said.endswith("ours")
    assert (folder / "secret").read_text() == "s"
    assert Path("/etc/ssl/certs/ca-certificates.crt").read_bytes() == before


UNDOING = {
    "the rules": "nft flush ruleset",
    "the routes": "ip route del default",
    "an interface": "ip link add x type dummy",
    "the covers": "umount {folder}",
    "the covers, in a namespace of its own": "unshare --user --map-root-user --mount umount {folder}",
    "another's network": "nsenter --net=/proc/1/ns/net true",
    "another's files": "ls /proc/1/root/",
}


@BOTH
@pytest.mark.parametrize("what", UNDOING)
def test_what_it_cannot_undo(what: str, uid: int, folder: Path) -> None:
    """No right over its own network, and none over anybody's."""
    command = UNDOING[what].format(folder=folder)
    _, said = within(uid, folder, f"{command} && echo UNDONE; ls {folder}; id -u")
    assert "UNDONE" not in said
    assert said.split()[-2:] == ["ca-bundle.pem", "1500"]


def test_a_working_folder_out_of_sight(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that was started in the data folder does not stand among the keys."""
    monkeypatch.chdir(folder)
    _, said = within(0, folder, "ls; cat secret")
    assert "No such file" in said


def test_where_there_can_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing tool and a kernel that does not let us are said, and this process stays where it is."""
    real = programs.found

    def found(program: str) -> str:
        if program == "ip":
            raise CaptureError("`ip` is not installed")
        return real(program)

    with monkeypatch.context() as patched:
        patched.setattr(room, "found", found)
        assert room.why_not() == "`ip` is not installed"

    def enter() -> None:
        raise CaptureError("a network namespace cannot be made here (Operation not permitted)")

    monkeypatch.setattr(room, "enter", enter)
    assert room.why_not() == "a network namespace cannot be made here (Operation not permitted)"
