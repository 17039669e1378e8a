"""`sidegate webhooks`: what channels could not be told, and telling it again."""

import argparse
import json

from proxy.cli.remote import console, finish
from proxy.cli.terminal import say
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("webhooks", help="list what channels could not be told, or tell it again")
    parser.add_argument("--again", metavar="ID", help="tell this one again, or `all` of them")
    parser.add_argument("--json", action="store_true", help="print the console's JSON")
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """List them, or tell some again."""
    with console(args.data_dir) as api:
        members = api.ask("GET", "/api/deliveries")
        wanted = [each["delivery_id"] for each in members["dead"]] if args.again == "all" else [args.again]
        for delivery_id in wanted if args.again else []:
            told = api.ask("POST", "/api/deliveries/again", json={"delivery_id": delivery_id})
            say(visible(f"{told['delivery']['delivery_id']} is told again"))
    if args.again:
        return 0
    say(json.dumps(members, indent=2) if args.json else _listed(members["dead"]))
    return 0


def _listed(dead: list[dict[str, object]]) -> str:
    if not dead:
        return "nothing was given up"
    lines = (
        f"{each['delivery_id']}  hold {each['hold_id']} {each['state']}, {each['tries']} tries: {each['why']}"
        for each in dead
    )
    return "\n".join(visible(line) for line in lines)
