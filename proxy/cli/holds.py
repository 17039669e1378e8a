"""`sidegate holds`: what waits for a decision, and what became of it."""

import argparse
import json

from proxy.cli.remote import Negative, console, finish, hold_path
from proxy.cli.shown import sheet, table, whole
from proxy.cli.terminal import say
from rules.hold import State


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("holds", help="list the holds, or show one whole")
    one_or_some = parser.add_mutually_exclusive_group()
    one_or_some.add_argument("id", nargs="?", metavar="ID", help="show this one whole")
    one_or_some.add_argument(
        "--state", choices=[*map(str, State)], metavar="STATE", help=f"one of {', '.join(State)}"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the console's JSON")
    form.add_argument("--csv", action="store_true", help="print the list for a spreadsheet")
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Print one hold or a table of them."""
    with console(args.data_dir) as api:
        if args.id is not None:
            members = api.ask("GET", hold_path(args.id))
        else:
            members = api.ask("GET", "/api/holds", params={"state": args.state} if args.state else {})
    if args.csv and args.id is not None:
        raise Negative("one hold is no list: leave out --csv, or the id", code=2)
    if args.csv:
        say(sheet(members["holds"]))
    elif args.json:
        say(json.dumps(members, indent=2))
    elif args.id is not None:
        say(whole(members["hold"], now=members["now"]))
    else:
        say(_listed(members))
    return 0


def _listed(members: dict[str, object]) -> str:
    holds, now = members["holds"], str(members["now"])
    if not isinstance(holds, list) or not holds:
        return "no holds"
    older = "" if members["complete"] else "\nthere are older ones: name a state to look further back"
    return table(holds, now=now) + older
