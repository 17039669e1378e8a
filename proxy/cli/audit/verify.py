"""`sidegate audit verify`: whether audit records are those that were written, all of them, in their order."""

import argparse

from proxy.audit.reading import check
from proxy.cli.audit.files import add_keys, add_paths, found, head, keys_of
from proxy.cli.remote import finish
from proxy.cli.terminal import say
from rules.audit.checking import Chain
from rules.review.inert import visible

_MOST_SHOWN = 100


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "audit verify",
        help="check audit records: sidegate audit verify [PATH...]",
        usage="sidegate audit verify [PATH...] [--key KEY] [--head HEAD] [--partial] [--data-dir DIR]",
    )
    add_keys(parser)
    parser.add_argument(
        "--head",
        action="append",
        type=head,
        default=[],
        metavar="HEAD",
        help="a record that is known to have been there, as CHAIN:NUMBER:HASH",
    )
    add_paths(parser, partial=True)
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """0 where everything is as it was written, 1 where something is not."""
    checked = check(found(args), keys=keys_of(args), heads=args.head, partial=args.partial)
    for chain in checked.chains:
        _show(chain)
    for finding in checked.findings[:_MOST_SHOWN]:
        say(visible(str(finding)))
    more = len(checked.findings) - _MOST_SHOWN
    if more > 0:
        say(f"and {more} more")
    said = "every record is as it was written" if not checked.findings else "these records cannot be trusted"
    say(f"{checked.records} records: {said}")
    return 1 if checked.findings else 0


def _show(chain: Chain) -> None:
    unsigned = chain.last - max(chain.signed, chain.first - 1)
    ended = "ended in order" if chain.stopped else "is being written, or was cut off"
    say(f"{visible(chain.name)}: records {chain.first} to {chain.last}, {ended}")
    if unsigned:
        say(f"  the last {unsigned} of them are covered by no checkpoint yet")
    say(f"  head {visible(str(chain.head))}")
