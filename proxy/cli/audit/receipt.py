"""`sidegate audit receipt`: what became of one hold, signed, and whether that is genuine."""

import argparse
import json
import sys
from pathlib import Path

from proxy.cli.audit.files import add_keys, keys_of
from proxy.cli.remote import Negative, console, finish, hold_path
from proxy.cli.terminal import say
from proxy.keys.signing import Verifier, verify
from rules.audit.receipt import flaws
from rules.decision import Decision
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "audit receipt",
        help="give the signed receipt of a hold, or check one: sidegate audit receipt HOLD",
        usage="sidegate audit receipt HOLD [--document] | sidegate audit receipt --check FILE [--key KEY]",
    )
    parser.add_argument("hold", nargs="*", metavar="HOLD", help="the hold's id")
    parser.add_argument("--document", action="store_true", help="with what was shown, contents included")
    parser.add_argument("--check", type=Path, metavar="FILE", help="check this receipt")
    add_keys(parser)
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Give one, or check one: 1 where it is not genuine, 2 where neither is asked for."""
    if len(args.hold) + (args.check is not None) != 1:
        raise Negative("name one hold, or a receipt with --check", code=2)
    return _give(args, args.hold[0]) if args.hold else _check(args)


def _give(args: argparse.Namespace, hold_id: str) -> int:
    with console(args.data_dir) as api:
        found = api.ask("GET", f"{hold_path(hold_id)}/receipt?document={int(args.document)}")
    sys.stdout.write(json.dumps(found["receipt"], indent=1) + "\n")
    return 0


def _check(args: argparse.Namespace) -> int:
    keys = keys_of(args)

    def decision(stored: str, domain: str) -> Decision:
        return Verifier(consoles=[bytes.fromhex(key) for key in keys], domain=domain).read(stored)

    try:
        receipt = json.loads(args.check.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise Negative(f"`{args.check}` cannot be read as JSON ({type(error).__name__})") from error
    wrong = list(flaws(receipt, keys=keys, verify=verify, decision=decision))
    for flaw in wrong:
        say(visible(flaw))
    say("this receipt cannot be trusted" if wrong else "this receipt is genuine")
    return 1 if wrong else 0
