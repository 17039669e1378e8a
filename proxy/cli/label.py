"""`sidegate label`: what an operator says of whether it was right to hold a call."""

import argparse

from proxy.cli.remote import add_data_dir, console, hold_path, reported
from proxy.cli.terminal import say
from rules.quality import HoldLabel
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("label", help="say whether it was necessary to hold a call")
    parser.add_argument("id", metavar="ID")
    parser.add_argument("label", metavar="LABEL", choices=[*map(str, HoldLabel)])
    add_data_dir(parser)
    parser.set_defaults(run=reported(run))


def run(args: argparse.Namespace) -> int:
    """Say it, in the place of what was said before."""
    with console(args.data_dir) as api:
        told = api.ask("POST", f"{hold_path(args.id)}/label", json={"label": args.label})
    for one in told["labels"]:
        say(visible(f"{one['who']}: {one['label']}"))
    return 0
