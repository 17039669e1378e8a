"""`sidegate audit follow`: audit records to standard output as they are written, each at least once."""

import argparse
import json
import sys
import time
from pathlib import Path

from proxy.audit.following import Follower, Seen
from proxy.audit.making import FOLDER
from proxy.cli.remote import Negative, finish
from proxy.data_dir.files import write_secret

_PAUSE = 1.0


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "audit follow",
        help="print audit records as they are written: sidegate audit follow | logger",
        usage="sidegate audit follow [--cursor FILE] [--once] [--data-dir DIR]",
    )
    parser.add_argument("--cursor", type=Path, metavar="FILE", help="where to go on: kept in this file")
    parser.add_argument("--once", action="store_true", help="end with what there is now")
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Print until interrupted; what was printed and not noted, by a kill, is printed again."""
    folder = args.data_dir / FOLDER
    follower = Follower(folder=folder, seen=_noted(args.cursor))
    while True:
        new = _print(follower) if folder.is_dir() else 0
        if new and args.cursor is not None:
            write_secret(args.cursor, json.dumps(follower.seen).encode())
        if args.once:
            return 0
        time.sleep(_PAUSE)


def _print(follower: Follower) -> int:
    """Print what is new; how much it was."""
    count = 0
    while lines := follower.more():
        for line in lines:
            sys.stdout.buffer.write(line.text + b"\n")
        follower.take(lines)
        count += len(lines)
    sys.stdout.buffer.flush()
    return count


def _noted(cursor: Path | None) -> Seen:
    """What was given out before. Raises Negative."""
    if cursor is None or not cursor.exists():
        return {}
    try:
        found = json.loads(cursor.read_bytes())
        return {str(chain): int(seq) for chain, seq in found.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise Negative(f"`{cursor}` says nothing of where to go on: remove it to begin anew") from error
