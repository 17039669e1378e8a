"""`sidegate approve`, `reject`, `respond`, `undo`, `ask-again`, `kill`, `unkill`: what operators decide."""

import argparse
from time import monotonic, sleep
from typing import Any

from proxy.cli.one_hold import add_command, add_yes, agreed, check_pending, step, told
from proxy.cli.package import to_open
from proxy.cli.remote import Console, Negative, console, finish, hold_path
from proxy.cli.shown import whole
from proxy.cli.terminal import block, say
from rules.review.inert import visible

_SNAPSHOT_SECONDS = 5.0
_POLL_SECONDS = 0.1


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    parser = add_command(commands, "approve", "show what would run, and approve exactly that")
    add_yes(parser)
    parser.add_argument("--code", metavar="DIGITS", help="the second factor, where the tier needs one")
    finish(parser, approve)

    parser = add_command(commands, "reject", "refuse a hold; the agent is given the reason")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="one line for the agent")
    finish(parser, reject)

    parser = add_command(commands, "respond", "refuse a hold, and answer the agent in its place")
    parser.add_argument("--answer", required=True, metavar="TEXT", help="what the agent is told")
    finish(parser, respond)

    parser = add_command(commands, "undo", "take an own approval back before it is sent")
    finish(parser, undo)

    parser = add_command(commands, "ask-again", "hold anew what did not run because something had changed")
    finish(parser, ask_again)

    parser = commands.add_parser("kill", help="stop everything that is held from being sent")
    parser.add_argument("--reason", required=True, metavar="TEXT")
    finish(parser, kill)

    finish(commands.add_parser("unkill", help="switch the kill switch off"), unkill)


def approve(args: argparse.Namespace) -> int:
    """Show the hold and approve what was shown, by its digest and the preview."""
    with console(args.data_dir) as api:
        path = hold_path(args.id)
        members = settled(api, path)
        hold = members["hold"]
        say(whole(hold, now=members["now"]))
        check_pending(hold, undone="not approved")
        viewed = opened(api, path, hold)
        if not agreed(args, "approve this?"):
            raise Negative("not approved: nothing was changed")
        seen = {"digest": hold["digest"], "preview": hold["package"]["preview"], "viewed": viewed}
        code = {} if args.code is None else {"code": args.code}
        # Before: once it is approved, nothing that fails may say that it is not.
        killed = api.ask("GET", "/api/kill")["killed"]
        decided = api.ask("POST", f"{path}/approve", json=seen | code)
        members = api.ask("GET", path) if decided["hold"]["state"] == "pending" else decided
    missing = (members["hold"].get("quorum") or {}).get("missing")
    if missing:
        say(visible(f"approved, and {missing}"))
    told(decided["hold"])
    return _waits(decided["hold"], killed=killed)


def reject(args: argparse.Namespace) -> int:
    """Reject the hold."""
    return step(args, "reject", reason=args.reason)


def respond(args: argparse.Namespace) -> int:
    """Reject the hold with an answer."""
    return step(args, "respond", answer=args.answer)


def undo(args: argparse.Namespace) -> int:
    """Take the operator's approval back."""
    return step(args, "undo")


def ask_again(args: argparse.Namespace) -> int:
    """Make a new hold of one that was refused for a drift, and show it."""
    with console(args.data_dir) as api:
        made = api.ask("POST", f"{hold_path(args.id)}/ask-again", json={})
        members = api.ask("GET", hold_path(made["hold"]["hold_id"]))
    say(whole(members["hold"], now=members["now"]))
    return 0


def kill(args: argparse.Namespace) -> int:
    """Switch the kill switch on."""
    with console(args.data_dir) as api:
        switched = api.ask("POST", "/api/kill", json={"reason": args.reason})
    stopped = "only reads pass and nothing that is held is sent"
    say(visible(f"the kill switch is on, {stopped}: {switched['why']}"))
    return 0


def unkill(args: argparse.Namespace) -> int:
    """Switch the kill switch off."""
    with console(args.data_dir) as api:
        api.ask("DELETE", "/api/kill")
    say("the kill switch is off")
    return 0


def opened(api: Console, path: str, hold: dict[str, Any]) -> list[str]:
    """Print what has to be seen whole; the hashes that say so."""
    return [_open(api, path, name, why) for name, why in to_open(hold).items()]


def settled(api: Console, path: str) -> dict[str, Any]:
    """The hold, once what it would change has been read: before that, what is shown is about to change."""
    end = monotonic() + _SNAPSHOT_SECONDS
    while True:
        members = api.ask("GET", path)
        snapshot = members["hold"]["snapshot"]
        waits = members["hold"]["state"] == "pending" and snapshot and snapshot.get("recorded") is False
        if not waits or monotonic() > end:
            return members
        sleep(_POLL_SECONDS)


def _open(api: Console, path: str, name: str, why: str) -> str:
    """Print the whole part, however long, and give the hash that says so."""
    say(visible(f"the whole {name}, because {why}:"))
    offset: int | None = 0
    while offset is not None:
        page = api.ask("GET", f"{path}/content", params={"part": name, "offset": str(offset)})["content"]
        say("\n".join(block(page["text"])))
        offset = page["next"]
    return str(page["sha256"])


def _waits(hold: dict[str, Any], *, killed: bool) -> int:
    """What an approval still waits for."""
    if hold["grace_until"]:
        say(
            visible(
                f"nothing is sent before {hold['grace_until']}: `sidegate undo {hold['hold_id']}` until then"
            )
        )
    if killed:
        say("the kill switch is on: nothing is sent until `sidegate unkill`")
    return 0
