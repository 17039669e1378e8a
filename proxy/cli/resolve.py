"""`sidegate resolve` and `cancel`: what became of a call that nobody knows of, and taking one back."""

import argparse

from proxy.cli.one_hold import add_command, add_yes, agreed, step, told
from proxy.cli.remote import Negative, console, finish, hold_path
from proxy.cli.shown import whole
from proxy.cli.terminal import say
from rules.hold import Resolution, State


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = add_command(commands, "resolve", "say what became of a call whose outcome is unknown")
    parser.add_argument(
        "outcome", choices=[*map(str, Resolution)], metavar="OUTCOME", help=", ".join(Resolution)
    )
    add_yes(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="one line on how you know")
    finish(parser, resolve)

    parser = add_command(commands, "cancel", "take back a hold that has not been sent")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="one line for the agent")
    finish(parser, cancel)


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
            if not agreed(args, "send this again?"):
                raise Negative("not sent again: nothing was changed")
            members["digest"] = hold["digest"]
        resolved = api.ask("POST", f"{path}/resolve", json=members)
    return told(resolved["hold"])


def cancel(args: argparse.Namespace) -> int:
    """Take the hold back."""
    return step(args, "cancel", reason=args.reason)
