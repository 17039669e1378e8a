"""What the commands about one hold share: its id, the yes of whoever is at the terminal, and its standing."""

import argparse
import sys
from typing import Any

from proxy.cli.remote import Negative, console, hold_path
from proxy.cli.terminal import confirmed, say
from rules.review.inert import visible


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str
) -> argparse.ArgumentParser:
    """Declare the command `name`, which does `what` with the hold that it is given."""
    parser = commands.add_parser(name, help=what)
    parser.add_argument("id", metavar="ID", help="the hold's id")
    return parser


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Declare the flag for whoever has said yes already."""
    parser.add_argument("--yes", action="store_true", help="do not ask again on a terminal")


def agreed(args: argparse.Namespace, question: str) -> bool:
    """Whether it is to be done: on a terminal, whoever is there is asked."""
    return args.yes or not sys.stdin.isatty() or confirmed(question)


def check_pending(hold: dict[str, Any], *, undone: str) -> None:
    """Raises Negative where it is not what was held, or does not wait; `undone` says what did not happen."""
    if hold["integrity"] != "ok":
        raise Negative(f"{undone}: what is stored is not what was held; reject it")
    if hold["state"] != "pending":
        raise Negative(f"this hold {hold['standing']}; nothing was changed")


def step(args: argparse.Namespace, name: str, **members: str) -> int:
    """Take one step with the hold, and tell how it stands then. Raises Negative."""
    with console(args.data_dir) as api:
        return told(api.ask("POST", f"{hold_path(args.id)}/{name}", json=members)["hold"])


def told(hold: dict[str, Any]) -> int:
    """Tell how the hold stands; the exit code of a command that has done so."""
    say(visible(f"hold {hold['hold_id']} {hold['standing']}"))
    return 0
