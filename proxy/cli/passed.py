"""`sidegate passed`: calls that passed and were kept, and what an operator says of them."""

import argparse
import base64
import json
from typing import Any

from proxy.cli.remote import Negative, console, finish
from proxy.cli.terminal import block, say
from rules.quality import PassLabel
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("passed", help="list calls that passed, show one, or say if it was right")
    parser.add_argument("id", metavar="ID", nargs="?")
    parser.add_argument("label", metavar="LABEL", nargs="?", choices=[*map(str, PassLabel)])
    parser.add_argument("--json", action="store_true", help="print the console's JSON")
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """List those that wait for a word, show one, or give the word."""
    if args.id is not None and not (args.id.isascii() and args.id.isalnum()):
        raise Negative(f"`{args.id[:64]}` is no id of a passed call: `sidegate passed` lists them")
    with console(args.data_dir) as api:
        if args.id is None:
            members = api.ask("GET", "/api/passed")
        elif args.label is None:
            members = api.ask("GET", f"/api/passed/{args.id}")
        else:
            members = api.ask("POST", f"/api/passed/{args.id}/label", json={"label": args.label})
    if args.json:
        say(json.dumps(members, indent=2))
        return 0
    found = members["passed"]
    for line in map(_line, found) if args.id is None else _whole(found):
        say(visible(line))
    if not found:
        say("no passed call waits for a word")
    return 0


def _line(one: dict[str, Any]) -> str:
    return f"{one['sample_id']}  tier {one['tier']}  {one['method']} {one['url']}: {one['reason']}"


def _whole(one: dict[str, Any]) -> list[str]:
    body = base64.b64decode(one["body_b64"]).decode("utf-8", "backslashreplace")
    headers = [f"  {name}: {value}" for name, value in one["headers"]]
    labels = [f"{label['who']}: {label['label']}" for label in one["labels"]]
    return [_line(one), *headers, *(block(body) if body else []), *labels]
