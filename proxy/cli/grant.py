"""`sidegate grant`, `grants`, `ungrant`: calls that run without a person being asked about each."""

import argparse
import json
from typing import Any

from proxy.cli.decide import opened, settled
from proxy.cli.numbers import count
from proxy.cli.one_hold import add_command, add_yes, agreed
from proxy.cli.remote import Negative, console, finish, grant_path, hold_path
from proxy.cli.shown import whole
from proxy.cli.terminal import say
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = add_command(commands, "grant", "let calls like a hold's run for a time without asking")
    parser.add_argument("--reason", required=True, metavar="TEXT")
    parser.add_argument("--minutes", type=count, metavar="N", help="for how long (default 60)")
    parser.add_argument("--count", type=count, metavar="N", help="how many calls (default 10, at most 100)")
    add_yes(parser)
    finish(parser, grant)

    parser = commands.add_parser("grants", help="list what was granted, and how much of it was used")
    parser.add_argument("--json", action="store_true", help="print the console's JSON")
    finish(parser, grants)

    parser = commands.add_parser("ungrant", help="take a grant back: nothing more runs by it")
    parser.add_argument("id", metavar="GRANT")
    finish(parser, ungrant)


def grant(args: argparse.Namespace) -> int:
    """Show the hold, and grant calls like what was shown; nobody is asked about what cannot be granted."""
    with console(args.data_dir) as api:
        path = hold_path(args.id)
        members = settled(api, path)
        hold = members["hold"]
        say(whole(hold, now=members["now"]))
        if hold["integrity"] != "ok":
            raise Negative("not granted: what is stored is not what was held")
        asked = {"digest": hold["digest"], "reason": args.reason, "preview": hold["package"]["preview"]}
        asked |= {
            name: getattr(args, name) for name in ("minutes", "count") if getattr(args, name) is not None
        }
        asked["viewed"] = opened(api, path, hold)
        api.ask("POST", f"{path}/grant", json=asked | {"check": True})
        if not agreed(args, "let calls like this run without asking?"):
            raise Negative("not granted: nothing was changed")
        made = api.ask("POST", f"{path}/grant", json=asked)["grant"]
    say(_line(made))
    if hold["state"] == "pending":
        say("the hold itself still waits for its decision")
    return 0


def grants(args: argparse.Namespace) -> int:
    """Print all of the last day."""
    with console(args.data_dir) as api:
        members = api.ask("GET", "/api/grants")
    if args.json:
        say(json.dumps(members, indent=2))
        return 0
    for one in members["grants"]:
        say(_line(one))
    if not members["grants"]:
        say("no grants")
    return 0


def ungrant(args: argparse.Namespace) -> int:
    """Take one back."""
    with console(args.data_dir) as api:
        taken = api.ask("DELETE", grant_path(args.id))["grant"]
    say(_line(taken))
    return 0


def _line(one: dict[str, Any]) -> str:
    """A grant on one line."""
    used = f"{one['left']} of {one['count']} left"
    agent = " ".join(one["agent"]) or "nobody named"
    words = f"{one['grant_id']} {one['standing']}, {used}, until {one['until']}: {one['shape']}"
    return visible(f"{words} (rule {one['rule']}, agent {agent}, by {one['who']}: {one['reason']})")
