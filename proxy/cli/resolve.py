"""`sidegate resolve` and `cancel`: what became of a call that nobody knows of, and taking one back."""

import argparse
import sys
from typing import Any

from proxy.cli.remote import Negative, console, finish, hold_path
from proxy.cli.shown import whole
from proxy.cli.terminal import confirmed, say
from rules.hold import Resolution, State
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = commands.add_parser("resolve", help="say what became of a call whose outcome is unknown")
    parser.add_argument("id", metavar="ID")
    parser.add_argument(
        "outcome", choices=[*map(str, Resolution)], metavar="OUTCOME", help=", ".join(Resolution)
    )
    parser.add_argument("--yes", action="store_true", help="do not ask again on a terminal")
    _finish(parser, resolve, help_="one line on how you know")

    parser = commands.add_parser("cancel", help="take back a hold that has not been sent")
    parser.add_argument("id", metavar="ID")
    _finish(parser, cancel, help_="one line for the agent")


def resolve(args: argparse.Namespace) -> int:
    """Record what was found out; `try-again` shows what would be sent, and sends exactly that."""
    members = {"outcome": args.outcome, "reason": args.reason}
    with console(args.data_dir) as api:
        path = hold_path(args.id)
        if args.outcome == Resolution.TRY_AGAIN:
            found = api.ask("GET", path)
            hold = found["hold"]
            say(whole(hold, now=found["now"]))
            if hold["state"] != State.OUTCOME_UNKNOWN:
                raise Negative(f"this hold {hold['standing']}; nothing was changed")
            if sys.stdin.isatty() and not args.yes and not confirmed("send this again?"):
                raise Negative("not sent again: nothing was changed")
            members["digest"] = hold["digest"]
        resolved = api.ask("POST", f"{path}/resolve", json=members)
    return _told(resolved["hold"])


def cancel(args: argparse.Namespace) -> int:
    """Take the hold back."""
    with console(args.data_dir) as api:
        cancelled = api.ask("POST", f"{hold_path(args.id)}/cancel", json={"reason": args.reason})
    return _told(cancelled["hold"])


def _finish(parser: argparse.ArgumentParser, run: Any, *, help_: str) -> None:
    parser.add_argument("--reason", required=True, metavar="TEXT", help=help_)
    finish(parser, run)


def _told(hold: dict[str, Any]) -> int:
    say(visible(f"hold {hold['hold_id']} {hold['standing']}"))
    return 0
