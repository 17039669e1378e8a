"""`sidegate label`: what an operator says of whether it was right to hold a call."""

import argparse

from proxy.cli.one_hold import add_command
from proxy.cli.remote import console, finish, hold_path
from proxy.cli.terminal import say
from rules.quality import HoldLabel
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = add_command(commands, "label", "say whether it was necessary to hold a call")
    parser.add_argument("label", metavar="LABEL", choices=[*map(str, HoldLabel)])
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Say it, in the place of what was said before."""
    with console(args.data_dir) as api:
        told = api.ask("POST", f"{hold_path(args.id)}/label", json={"label": args.label})
    for one in told["labels"]:
        say(visible(f"{one['who']}: {one['label']}"))
    return 0
