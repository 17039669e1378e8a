"""`sidegate capture`: redirect what agents of this network send to the gate, and leave no other way."""

import argparse
import sys

from proxy.capture import table
from proxy.capture.plan import Plan, absence
from proxy.capture.programs import CaptureError
from proxy.capture.table import Standing
from proxy.cli.numbers import port, ports, user
from proxy.cli.remote import Negative, finish
from proxy.cli.terminal import say

_CURES = {
    Standing.ABSENT: "nothing is captured: run `sidegate capture up`",
    Standing.OTHER_PLAN: "the rules in force are for other users or ports: run `sidegate capture up` anew",
    Standing.CHANGED: "somebody has changed the rules: run `sidegate capture up` anew, and find out who",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("capture", help="redirect all that agents send to the gate: up, down, check")
    parser.add_argument("action", choices=["up", "down", "check"], metavar="ACTION", help="up, down or check")
    add_plan(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the rules and change nothing")
    finish(parser, run)


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Declare the flags that say what is captured."""
    parser.add_argument(
        "--to", type=port, default=15001, metavar="PORT", help="serve's --capture port (default 15001)"
    )
    parser.add_argument(
        "--dns", type=port, default=15053, metavar="PORT", help="serve's --dns port (default 15053)"
    )
    parser.add_argument(
        "--uid", type=user, default=1337, help="the sidecar's user id, which is left alone (default 1337)"
    )
    parser.add_argument(
        "--agent",
        type=user,
        action="append",
        default=[],
        metavar="UID",
        help="capture only this user id; may be given several times (default: everybody but --uid)",
    )
    parser.add_argument(
        "--ports", type=ports, default=(), metavar="PORT,...|any", help="TCP ports to redirect (default any)"
    )
    parser.add_argument(
        "--close",
        type=ports,
        default=(8081, 6379),
        metavar="PORT,...",
        help="ports of this machine that agents may not reach: console, store (default 8081,6379)",
    )


def run(args: argparse.Namespace) -> int:
    """Do it; 1 with the cure where it cannot be done, or where a check finds a fault."""
    plan = planned(args)
    try:
        return {"up": _up, "down": _down, "check": _check}[args.action](plan, dry=args.dry_run)
    except CaptureError as error:
        raise Negative(str(error)) from error


def planned(args: argparse.Namespace) -> Plan:
    """The plan that the flags describe. Raises Negative."""
    try:
        return Plan(
            to=args.to,
            dns=args.dns,
            spared=None if args.agent else args.uid,
            agents=tuple(sorted({*args.agent})),
            ports=args.ports,
            closed=args.close,
        )
    except ValueError as error:
        raise Negative(str(error), code=2) from error


def fault(plan: Plan) -> str | None:
    """What is wrong with the rules in force, with the cure. Raises CaptureError."""
    return _CURES.get(table.standing(plan))


def _up(plan: Plan, *, dry: bool) -> int:
    if dry:
        say(plan.rules().rstrip("\n"))
        return 0
    table.up(plan)
    whose = f"of user {', '.join(map(str, plan.agents))}" if plan.agents else f"of all but user {plan.spared}"
    say(f"captured: TCP {whose} goes to port {plan.to}, questions about names to port {plan.dns}")
    return 0


def _down(plan: Plan, *, dry: bool) -> int:
    if dry:
        say(absence().rstrip("\n"))
        return 0
    table.down()
    say("nothing is captured any more")
    return 0


def _check(plan: Plan, *, dry: bool) -> int:
    if wrong := fault(plan):
        sys.stderr.write(f"sidegate: {wrong}\n")
        return 1
    say("the rules are in force, and as they were made")
    return 0
