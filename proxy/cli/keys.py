"""`sidegate keys`: the keys outside the store, and moving what is held from one to the next."""

import argparse
import time
from typing import Any

from proxy.cli.remote import Console, Negative, console, finish
from proxy.cli.terminal import say

_ACTIONS = ("show", "prepare", "rotate", "rewrap")
_PASSES = 30
_PAUSE_SECONDS = 1.0


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("keys", help="show and rotate the keys of what is held")
    parser.add_argument("action", metavar="ACTION", choices=_ACTIONS, help=", ".join(_ACTIONS))
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Do it while the sidecar runs; what was cut off goes on with `rewrap`."""
    with console(args.data_dir) as api:
        if args.action in ("prepare", "rotate"):
            api.ask("POST", f"/api/keys/{args.action}")
        if args.action in ("rotate", "rewrap"):
            _rewrap(api)
        _show(api.ask("GET", "/api/keys"))
    return 0


def _show(found: dict[str, Any]) -> None:
    newest, *others = found["keys"]
    say(f"key {newest} wraps")
    for name in others:
        say(f"key {name} only unwraps")
    say(f"console {found['console']}")


def _rewrap(api: Console) -> None:
    """Pass over all that is kept until a pass finds nothing to do."""
    for _ in range(_PASSES):
        done = _pass(api)
        if not done["rewrapped"] and not done["waiting"]:
            break
        if done["waiting"]:
            time.sleep(_PAUSE_SECONDS)
    else:
        raise Negative("some holds are being run all the time: run `sidegate keys rewrap` again")
    if done["unopened"]:
        raise Negative(
            f"{done['unopened']} holds or tokens open with no key that is known here: keep the older keys"
        )
    say("nothing that is kept needs an older key any more")


def _pass(api: Console) -> dict[str, int]:
    """One pass over all holds and tokens, told batch by batch."""
    total = dict.fromkeys(("looked", "rewrapped", "waiting", "unopened"), 0)
    cursor = 0
    while True:
        batch = api.ask("POST", "/api/keys/rewrap", json={"cursor": cursor})
        total = {name: count + batch[name] for name, count in total.items()}
        cursor = batch["cursor"]
        if not cursor:
            say(", ".join(f"{name} {count}" for name, count in total.items()))
            return total
