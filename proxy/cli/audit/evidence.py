"""`sidegate audit evidence`: which records bear on what people are asked about, if they are sound."""

import argparse

from proxy.audit.reading import check
from proxy.cli.audit.files import add_keys, add_paths, found, keys_of
from proxy.cli.audit.show import records_of
from proxy.cli.remote import Negative, finish
from proxy.cli.terminal import say
from rules.audit.evidence import CLAUSES, evidence


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "audit evidence",
        help="which audit records bear on which clause: sidegate audit evidence [PATH...]",
        usage="sidegate audit evidence [PATH...] [--key KEY] [--partial] [--data-dir DIR]",
    )
    add_keys(parser)
    add_paths(parser, partial=True)
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Tell for each clause; 1 where the records are not sound, which show nothing then."""
    files = found(args)
    checked = check(files, keys=keys_of(args), partial=args.partial)
    if checked.findings:
        raise Negative(
            f"these records cannot be trusted ({len(checked.findings)} findings), so they show nothing: "
            "run `sidegate audit verify`"
        )
    shown = evidence(record for record, _ in records_of(files))
    for clause in CLAUSES:
        one = shown[clause.name]
        span = f", {one.first} to {one.last}" if one.count else ""
        say(f"{clause.name}: {one.count} records{span}")
        say(f"  {clause.shows}")
    return 0
