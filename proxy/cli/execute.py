"""`sidegate exec`: run an agent whose traffic goes through the gate."""

import argparse
import os
import sys

from proxy.cli.environment import environment
from proxy.cli.remote import Negative, add_data_dir, check_ready, find, reported

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
_OURS = ("SIDEGATE_", "REDIS_URL")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "exec",
        help="run a command with proxy and certificates set: sidegate exec -- COMMAND ARGS...",
    )
    add_data_dir(parser)
    parser.add_argument(
        "command", nargs="+", metavar="COMMAND", help="after `--`: the command and its arguments"
    )
    parser.set_defaults(run=reported(run))


def run(args: argparse.Namespace) -> int:
    """Become the command. Returns only where that cannot be done."""
    sidecar = find(args.data_dir)
    variables = environment(args.data_dir, sidecar.proxy)
    check_ready(sidecar)
    # These lead to the operator's token and to the store: they are not the agent's.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    sys.stdout.flush()
    try:
        os.execvpe(args.command[0], args.command, inherited | variables)  # noqa: S606 - no shell is the point
    except (FileNotFoundError, NotADirectoryError, ValueError):
        message, code = "there is no such command", _NOT_FOUND
    except OSError as error:
        message, code = f"it cannot be run ({error.strerror})", _NOT_EXECUTABLE
    raise Negative(f"`{args.command[0]}`: {message}", code=code)
