"""`sidegate edit`, `ask` and `comment`: what an operator says about a hold, and changes of it."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proxy.cli.one_hold import add_command, add_yes, agreed, check_pending
from proxy.cli.remote import Console, Negative, console, finish, hold_path
from proxy.cli.terminal import block, say
from rules.edit import written
from rules.mcp.message import text_of
from rules.request.strict_json import Json, parse
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = add_command(commands, "edit", "change the body of a held call, or a tool's arguments")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="a member's path with dots, and its new value; without it, $EDITOR opens all of it",
    )
    add_yes(parser)
    finish(parser, edit)

    parser = add_command(commands, "ask", "ask the agent of a hold something")
    parser.add_argument("--question", required=True, metavar="TEXT", help="what it is told at its next touch")
    finish(parser, ask)

    parser = add_command(commands, "comment", "say something about a hold to other people")
    parser.add_argument("--text", required=True, metavar="TEXT", help="what the agent is told nothing of")
    finish(parser, comment)


def edit(args: argparse.Namespace) -> int:
    """Show what a change would make of the hold, and make it."""
    with console(args.data_dir) as api:
        path = hold_path(args.id)
        hold = api.ask("GET", path)["hold"]
        before = _value(hold)
        after = _with(before, args.set) if args.set else _by_hand(before)
        effect = _ask(api, f"{path}/edit/preview", hold["digest"], after)["edit"]
        _show(effect)
        if not agreed(args, "change it like this?"):
            raise Negative("not changed")
        made = _ask(api, f"{path}/edit", hold["digest"], after)["hold"]
    say(visible(f"hold {made['hold_id']} goes on in its place: `sidegate approve {made['hold_id']}`"))
    return 0


def ask(args: argparse.Namespace) -> int:
    """Ask the agent."""
    with console(args.data_dir) as api:
        api.ask("POST", f"{hold_path(args.id)}/ask", json={"question": args.question})
    say("asked: the agent is told at its next touch, and the hold waits on")
    return 0


def comment(args: argparse.Namespace) -> int:
    """Tell other people."""
    with console(args.data_dir) as api:
        api.ask("POST", f"{hold_path(args.id)}/comment", json={"text": args.text})
    say("said, to people alone")
    return 0


def _value(hold: dict[str, Any]) -> Json:
    """The body of the hold. Raises Negative where there is nothing to change."""
    check_pending(hold, undone="not changed")
    try:
        return parse((hold["action"]["body_text"] or "").encode())
    except ValueError as error:
        raise Negative(f"not changed: its body is no JSON that can be read ({error})") from error


def _with(value: Json, settings: Sequence[str]) -> Json:
    """`value` with each of `settings` in it. Raises Negative where one names nothing."""
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path:
            raise Negative(f"`{setting}` sets nothing: write a path, `=`, and a value")
        _put(value, path.split("."), _read(text), path)
    return value


def _read(text: str) -> Json:
    """A value as JSON, or else the text that it is."""
    try:
        return parse(text.encode())
    except ValueError:
        return text


def _put(value: Json, steps: Sequence[str], new: Json, path: str) -> None:
    for step in steps[:-1]:
        value = _at(value, step, path)
    last = steps[-1]
    if isinstance(value, dict):
        value[last] = new
    elif isinstance(value, list) and last.isdecimal() and int(last) < len(value):
        value[int(last)] = new
    else:
        raise Negative(f"not changed: there is nothing at `{path}`")


def _at(value: Json, step: str, path: str) -> Json:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    raise Negative(f"not changed: there is nothing at `{path}`")


def _by_hand(value: Json) -> Json:
    """`value` as somebody leaves it in an editor. Raises Negative where that cannot be read."""
    if not sys.stdin.isatty():
        raise Negative("not changed: without a terminal, say what to change with --set PATH=VALUE")
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "body.json"
        file.write_text(f"{written(value)}\n")
        try:
            code = subprocess.run([*editor, str(file)], check=False).returncode  # noqa: S603 (the person's own)
        except OSError as error:
            raise Negative(f"not changed: `{editor[0]}` cannot be started; set $EDITOR") from error
        if code:
            raise Negative(f"not changed: `{editor[0]}` ended with {code}")
        try:
            return parse(file.read_bytes())
        except (OSError, ValueError) as error:
            raise Negative(f"not changed: what was written cannot be read: {error}") from error


def _ask(api: Console, path: str, digest: str, value: Json) -> dict[str, Any]:
    body = text_of({"digest": digest, "body": value})
    return api.ask("POST", path, content=body, headers={"Content-Type": "application/json"})


def _show(effect: dict[str, Any]) -> None:
    for change in effect["changes"]:
        before, after = (change[name] or "nothing" for name in ("before", "after"))
        say("\n".join(block(visible(f"{change['path'] or 'the whole'}: {before} -> {after}"))))
    same = effect["tier"] == effect["tier_before"]
    was = "as before" if same else f"before it was {effect['tier_before']}"
    people = f"; {effect['people']} people have to approve it" if effect["people"] > 1 else ""
    say(visible(f"tier {effect['tier']}, {was}{people}: {effect['reason']}"))
