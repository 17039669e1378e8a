"""`sidegate audit export`: audit records as one file, to be checked by whoever has the public key."""

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO

from proxy.audit.reading import lines_of
from proxy.cli.audit.files import add_paths, found
from proxy.cli.remote import Negative, finish


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "audit export",
        help="write audit records to one file: sidegate audit export --output FILE",
        usage="sidegate audit export [PATH...] [--since DAY] [--output FILE] [--data-dir DIR]",
    )
    parser.add_argument(
        "--since", type=_day, metavar="DAY", help="from this day on, as 2026-11-23: check it with --partial"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="a new file (default: standard output)")
    add_paths(parser)
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Write all lines as they are; 1 where there is none."""
    lines = _lines(found(args), args.since)
    if args.output is None:
        return _write(lines, sys.stdout.buffer)
    try:
        with args.output.open("xb") as file:
            return _write(lines, file)
    except FileExistsError:
        raise Negative(f"`{args.output}` is there already: name a new file") from None
    except OSError as error:
        raise Negative(f"`{args.output}` cannot be written ({error.strerror})") from error


def _lines(files: list[Path], since: str | None) -> Iterator[bytes]:
    """Whole records; of each chain all from its first one of that day on, so that none is missing."""
    begun = set[Path]()
    for path in files:
        for _, text in lines_of(path):
            # Records begin with their time, so that it need not be parsed.
            if since is None or path.parent in begun or text[7:17].decode("ascii", "replace") >= since:
                begun.add(path.parent)
                yield text


def _write(lines: Iterator[bytes], file: BinaryIO) -> int:
    written = sum(file.write(text + b"\n") for text in lines)
    file.flush()
    return 0 if written else 1


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no day, as 2026-11-23") from None
