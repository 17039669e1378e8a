"""`sidegate exec`: run an agent whose traffic goes through the gate, where it can be with no other way out.

The process becomes the command, so its signals, its terminal and its exit code are the command's own.
"""

import argparse
import os
import pwd
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from proxy.capture import room
from proxy.capture.handover import NotTaken, hand_over, line_to
from proxy.capture.programs import CaptureError
from proxy.capture.room import Person, Trust
from proxy.cli.environment import TRUSTED, environment
from proxy.cli.remote import Negative, Sidecar, check_ready, find, finish

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
_OURS = ("SIDEGATE_", "REDIS_URL", "SUDO_")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "exec",
        help="run an agent behind the gate: sidegate exec -- COMMAND ARGS...",
    )
    parser.add_argument(
        "--network",
        choices=["auto", "namespace", "environment"],
        default="auto",
        help="namespace: all it sends is gated or dead; environment: only what honours the variables "
        "(default: the first where it can be had)",
    )
    parser.add_argument(
        "--user",
        metavar="NAME|UID",
        help="as root: run it as this user (default: who called sudo, else root)",
    )
    parser.add_argument("--quiet", action="store_true", help="do not say which of both it is")
    parser.add_argument(
        "command", nargs="+", metavar="COMMAND", help="after `--`: the command and its arguments"
    )
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Become the command. Returns only where that cannot be done."""
    sidecar = find(args.data_dir)
    check_ready(sidecar)
    person, named = _person(args.user)
    line, why_not = _door(args)
    if line is None:
        if args.network == "namespace":
            raise Negative(f"the agent cannot have a network namespace: {why_not}")
        _say(args, f"by environment only ({why_not}): what ignores proxy variables is not gated")
        variables = environment(args.data_dir, sidecar.proxy)
        if person != _oneself():
            _become(person)
    else:
        variables = _in_a_room(args, sidecar, person, line)
    # These lead to the operator's token and to the store: they are not the agent's.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    sys.stdout.flush()
    try:
        os.execvpe(args.command[0], args.command, inherited | named | variables)  # noqa: S606 - no shell is the point
    except (FileNotFoundError, NotADirectoryError, ValueError):
        message, code = "there is no such command", _NOT_FOUND
    except OSError as error:
        message, code = f"it cannot be run ({error.strerror})", _NOT_EXECUTABLE
    raise Negative(f"`{args.command[0]}`: {message}", code=code)


def _door(args: argparse.Namespace) -> tuple[socket.socket | None, str]:
    """A line to the sidecar, by which a namespace can be handed over, or why there will be none."""
    if args.network == "environment":
        return None, "as asked"
    if why := room.why_not():
        return None, why
    try:
        return line_to(args.data_dir), ""
    except NotTaken as error:
        return None, str(error)


def _in_a_room(
    args: argparse.Namespace, sidecar: Sidecar, person: Person, line: socket.socket
) -> dict[str, str]:
    """Go where everything leads to the gate or nowhere; the variables for an agent there."""
    port = urlsplit(sidecar.proxy).port or 0
    data_dir: Path = args.data_dir.absolute()
    was_root = os.geteuid() == 0
    shelf = room.SHELF if was_root else data_dir
    variables = environment(data_dir, f"http://127.0.0.1:{port}", shelf=shelf)
    trust = Trust(files={name: (data_dir / name).read_bytes() for name in TRUSTED}, bundle=TRUSTED[1])
    try:
        if was_root:
            shelf.mkdir(mode=0o755, exist_ok=True)
        room.enter()
        listening = room.furnish(port)
        hand_over(line, listening)
        line.close()
        for one in listening:
            one.socket.close()
        room.cover(data_dir, trust, shelf=shelf)
        room.leave_as(person, was_root=was_root)
    except (CaptureError, NotTaken) as error:
        raise Negative(f"the agent did not start: {error}") from error
    except OSError as error:
        raise Negative(f"the agent did not start: its network cannot be made ({error.strerror})") from error
    _say(args, "in a network namespace of its own: what it sends is gated, or goes nowhere")
    if person.uid == 0:
        _say(args, "the agent runs as root, whose files it may change: name another user with --user")
    return variables


def _oneself() -> Person:
    return Person(uid=os.geteuid(), gid=os.getegid())


def _person(asked: str | None) -> tuple[Person, dict[str, str]]:
    """Who runs the command, and how that person's environment says so. Raises Negative."""
    if os.geteuid() != 0:
        if asked is not None:
            raise Negative("only root can run a command as another user: leave out --user", code=2)
        return _oneself(), {}
    called = os.environ.get("SUDO_UID", "0")
    name = asked or (called if called != "0" else None)
    if name is None:
        return _oneself(), {}
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        if not name.isdecimal():
            raise Negative(f"there is no user `{name}`: name one of this machine", code=2) from None
        return Person(uid=int(name), gid=int(name), groups=[]), {}
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    named = {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
    return Person(uid=entry.pw_uid, gid=entry.pw_gid, groups=groups), named


def _become(person: Person) -> None:
    try:
        os.setgroups(person.groups or [])
        os.setresgid(person.gid, person.gid, person.gid)
        os.setresuid(person.uid, person.uid, person.uid)
    except OSError as error:
        raise Negative(f"this process cannot become user `{person.uid}` ({error.strerror})") from error


def _say(args: argparse.Namespace, words: str) -> None:
    if not args.quiet:
        sys.stderr.write(f"sidegate: {words}\n")
        sys.stderr.flush()
