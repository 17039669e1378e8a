"""`sidegate audit show`: audit records for people, one a line."""

import argparse
from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from pathlib import Path

from proxy.audit.reading import lines_of
from proxy.cli.audit.files import add_paths, found
from proxy.cli.remote import finish
from proxy.cli.terminal import say
from rules.audit.record import Kind, Record, read
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "audit show",
        help="show audit records, checked or not: sidegate audit show [PATH...]",
        usage="sidegate audit show [PATH...] [--hold ID] [--kind KIND] [--json] [--data-dir DIR]",
    )
    parser.add_argument("--hold", metavar="ID", help="only what is about this hold")
    parser.add_argument(
        "--kind", action="append", choices=[*map(str, Kind)], metavar="KIND", help="only this kind"
    )
    parser.add_argument("--json", action="store_true", help="the records as they were written")
    add_paths(parser)
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Show those that are asked for, by their time; 1 where there is none."""
    shown = False
    for record, text in records_of(found(args)):
        if args.hold not in (None, record.facts.get("hold")):
            continue
        if args.kind and record.kind not in args.kind:
            continue
        shown = True
        say(visible(text.decode()) if args.json else _words(record))
    return 0 if shown else 1


def records_of(files: list[Path]) -> Iterator[tuple[Record, bytes]]:
    """All records that can be read, of several chains by their time."""
    chains = [_of_chain(list(own)) for _, own in groupby(files, lambda file: file.parent)]
    return merge(*chains, key=lambda found: found[0].at)


def _of_chain(files: list[Path]) -> Iterator[tuple[Record, bytes]]:
    for path in files:
        for number, text in lines_of(path):
            try:
                yield read(text), text
            except ValueError as error:
                say(f"{visible(str(path))}:{number}: {error}")


def _words(record: Record) -> str:
    facts = " ".join(f"{name}={_plain(value)}" for name, value in record.facts.items() if name != "signature")
    return visible(f"{record.at} {record.chain} {record.seq} {record.kind} {facts}")


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
