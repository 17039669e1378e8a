"""An operator's desk: a data folder, a running console over a real store, and the commands."""

import argparse
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

from proxy.cli import (
    change,
    decide,
    environment,
    execute,
    grant,
    holds,
    keys,
    label,
    passed,
    pins,
    resolve,
    webhooks,
)
from proxy.data_dir.files import private_folder, write_secret
from tests.proxy.console.world import TOKENS

_ABOUT_HOLDS = (holds, change, decide, grant, label, passed, resolve)
COMMANDS = (*_ABOUT_HOLDS, environment, execute, keys, pins, webhooks)
PROXY = "http://127.0.0.1:18080"
DOMAIN = "desk"
KEY = b"k" * 32


def sidegate(*arguments: str) -> int:
    """Run one command as the shell would and give its exit code."""
    parser = argparse.ArgumentParser(prog="sidegate")
    commands = parser.add_subparsers(required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    try:
        args = parser.parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    code: int = args.run(args)
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The data folder of a sidecar whose console runs."""

    folder: Path
    console: str

    def run(self, command: str, *arguments: str) -> int:
        """Run one command on this folder."""
        return sidegate(command, "--data-dir", str(self.folder), *arguments)

    def rewrite(self, **members: object) -> None:
        """Change what serve.json says."""
        found = {"proxy": PROXY, "console": self.console, "pid": os.getpid(), **members}
        write_secret(self.folder / "serve.json", json.dumps(found).encode())


def desk_at(folder: Path, console: str) -> Desk:
    """The desk of the operator of the sidecar whose console listens at `console`."""
    private_folder(folder)
    write_secret(folder / "operator.token", TOKENS["ada"].encode() + b"\n")
    for name in environment.TRUSTED:
        (folder / name).write_text("certificates\n")
    desk = Desk(folder=folder, console=console)
    desk.rewrite()
    return desk


class Terminal(io.StringIO):
    """A person who types."""

    def isatty(self) -> bool:
        """Tell that it is a terminal."""
        return True
