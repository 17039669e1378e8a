"""`sidegate audit follow`: audit records to standard output as they are written, each at least once."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from proxy.audit.making import FOLDER
from proxy.audit.reading import files_in, lines_of
from proxy.cli.remote import Negative, add_data_dir, reported
from proxy.data_dir.files import write_secret
from rules.audit.record import read

_PAUSE = 1.0

type Seen = dict[str, int]
"""The number of the last record that was given out, by chain."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "audit follow",
        help="print audit records as they are written: sidegate audit follow | logger",
        usage="sidegate audit follow [--cursor FILE] [--once] [--data-dir DIR]",
    )
    parser.add_argument("--cursor", type=Path, metavar="FILE", help="where to go on: kept in this file")
    parser.add_argument("--once", action="store_true", help="end with what there is now")
    add_data_dir(parser)
    parser.set_defaults(run=reported(run))


def run(args: argparse.Namespace) -> int:
    """Print until interrupted; what was printed and not noted, by a kill, is printed again."""
    folder = args.data_dir / FOLDER
    seen = _noted(args.cursor)
    while True:
        new = _print(folder, seen)
        if new and args.cursor is not None:
            write_secret(args.cursor, json.dumps(seen).encode())
        if args.once:
            return 0
        time.sleep(_PAUSE)


def _print(folder: Path, seen: Seen) -> int:
    """Print what is new, and note it in `seen`; how much it was."""
    count = 0
    for chain, seq, text in _new(folder, seen):
        sys.stdout.buffer.write(text + b"\n")
        seen[chain] = seq
        count += 1
    sys.stdout.buffer.flush()
    return count


def _new(folder: Path, seen: Seen) -> Iterator[tuple[str, int, bytes]]:
    files = files_in([folder])
    for path, following in zip(files, [*files[1:], None], strict=True):
        # Pruned, or not there yet.
        with suppress(FileNotFoundError):
            if not _done(path, following, seen):
                yield from _records(path, seen)


def _records(path: Path, seen: Seen) -> Iterator[tuple[str, int, bytes]]:
    for _, text in lines_of(path):
        try:
            record = read(text)
        except ValueError:
            sys.stderr.write(f"sidegate: `{path}` has a line that is no record: run `audit verify`\n")
            continue
        if record.seq > seen.get(record.chain, 0):
            yield record.chain, record.seq, text


def _done(path: Path, following: Path | None, seen: Seen) -> bool:
    """Whether all of it was given out: the next file of its chain is named by its first record's number."""
    if following is None or following.parent != path.parent or not following.stem.isdecimal():
        return False
    try:
        chain = next((read(text).chain for _, text in lines_of(path)), "")
    except ValueError:
        return False
    return int(following.stem) <= seen.get(chain, 0) + 1


def _noted(cursor: Path | None) -> Seen:
    """What was given out before. Raises Negative."""
    if cursor is None or not cursor.exists():
        return {}
    try:
        found = json.loads(cursor.read_bytes())
        return {str(chain): int(seq) for chain, seq in found.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise Negative(f"`{cursor}` says nothing of where to go on: remove it to begin anew") from error
