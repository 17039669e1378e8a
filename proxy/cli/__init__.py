"""The `sidegate` command. Exit codes: 0 ok, 1 a negative result, 2 wrong use."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

# Which module offers a command. Only the one that is called is imported: `serve` takes its time.
_COMMANDS = {
    "serve": "serve",
    "check": "check",
    "config": "config",
    "ca": "ca",
    "classify": "classify",
    "eval": "eval",
    "explain": "explain",
    "test": "test",
    "schema": "schema",
    "rules": "rules",
    "holds": "holds",
    "review": "review",
    "approve": "decide",
    "reject": "decide",
    "edit": "change",
    "ask": "change",
    "comment": "change",
    "label": "label",
    "passed": "passed",
    "respond": "decide",
    "undo": "decide",
    "ask-again": "decide",
    "resolve": "resolve",
    "cancel": "resolve",
    "grant": "grant",
    "grants": "grant",
    "ungrant": "grant",
    "kill": "decide",
    "unkill": "decide",
    "webhooks": "webhooks",
    "keys": "keys",
    "pins": "pins",
    "users": "users",
    "tokens": "tokens",
    "env": "environment",
    "exec": "execute",
    "capture": "capture",
    "doctor": "doctor",
    "mcp": "mcp",
    "mcp install": "mcp_install",
    "audit verify": "audit.verify",
    "audit show": "audit.show",
    "audit export": "audit.export",
    "audit follow": "audit.follow",
    "audit receipt": "audit.receipt",
    "audit evidence": "audit.evidence",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if " ".join(given[:2]) in _COMMANDS:
        given[:2] = [" ".join(given[:2])]
    parser = argparse.ArgumentParser(
        prog="sidegate",
        description="The gate in an agent's sidecar: holds risky calls for a human, "
        "then runs the approved one itself, once.",
    )
    parser.add_argument("--version", action=_Version, help="say which Sidegate this is")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    wanted = _COMMANDS.get(given[0]) if given else None
    # What is imported stays: looking for garbage in it takes a tenth of the start.
    gc.disable()
    for module in [wanted] if wanted else dict.fromkeys(_COMMANDS.values()):
        import_module(f"proxy.cli.{module}").add_parser(commands)
    gc.enable()
    parsed = parser.parse_args(given)
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would be complained about when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return code


class _Version(argparse.Action):
    """Prints the version, which takes a while to look up, only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from proxy.version import own

        sys.stdout.write(f"sidegate {own()}\n")
        parser.exit()
