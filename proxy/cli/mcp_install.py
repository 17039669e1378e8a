"""`sidegate mcp install`: the servers of MCP clients put behind the gate, and taken out again."""

import argparse
import difflib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from proxy.cli.clients.entry import Gate, Unfit
from proxy.cli.clients.file import Plan, apply, backup_of, plan_install, plan_undo
from proxy.cli.clients.known import known
from proxy.cli.remote import Negative, finish
from proxy.cli.terminal import say
from rules.review.inert import visible


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    names = sorted(known(Path(), Path()))
    parser = commands.add_parser(
        "mcp install",
        help="put the stdio servers of MCP clients behind the gate, or take them out with --undo",
        description="Changes each server's command in the clients' configurations to `sidegate mcp`, "
        "with a backup beside each file.",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a client's file, json or toml")
    parser.add_argument("--client", action="append", choices=names, help="only this client (default: all)")
    parser.add_argument("--undo", action="store_true", help="take the gate out again")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--rules", nargs="+", type=Path, default=[], metavar="FILE", help="for the gate")
    parser.add_argument("--config", type=Path, metavar="FILE", help="for the gate")
    parser.add_argument(
        "--program", metavar="PATH", help="how clients start the gate (default: this `sidegate`)"
    )
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Change each file that is there; 1 where one could not be changed, or there is none."""
    files = _files(args)
    if not files:
        raise Negative("no client's file was found: name one, or run this in the project's folder")
    gate = None if args.undo else _gate(args)
    failed = False
    for path in files:
        try:
            _change(path, gate, dry=args.dry_run)
        except (Unfit, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            sys.stderr.write(f"sidegate: `{visible(str(path))}` was left as it is: {visible(str(why))}\n")
            failed = True
    return 1 if failed else 0


def _files(args: argparse.Namespace) -> Sequence[Path]:
    if args.files:
        return list(args.files)
    clients = known(Path.home(), Path.cwd())
    wanted = args.client or list(clients)
    return [path for name in wanted for path in clients[name] if path.is_file()]


def _gate(args: argparse.Namespace) -> Gate:
    """The gate by absolute paths: clients start servers in folders of their own."""
    options = ["--data-dir", str(args.data_dir.absolute())]
    if args.config:
        options += ["--config", str(args.config.absolute())]
    if args.rules:
        options += ["--rules", *(str(path.absolute()) for path in args.rules)]
    return Gate(program=args.program or _program(), options=tuple(options))


def _program() -> str:
    own = Path(sys.argv[0])
    found = own if own.name == "sidegate" and own.is_file() else shutil.which("sidegate")
    if found is None:
        raise Negative("clients would not find `sidegate`: install it, or name it with --program")
    return str(Path(found).absolute())


def _change(path: Path, gate: Gate | None, *, dry: bool) -> None:
    plan = plan_undo(path) if gate is None else plan_install(path, gate)
    if dry:
        _show(plan)
    elif plan.before != plan.after or plan.whole:
        apply(plan, keep=gate is not None)
    say(visible(f"{path}: {_told(plan, undone=gate is None, dry=dry)}"))
    if gate is not None:
        for name in plan.remote:
            say(visible(f"{path}: `{name}` has a url: name it under mcp_servers in config.yaml"))


def _told(plan: Plan, *, undone: bool, dry: bool) -> str:
    if not plan.servers:
        return "nothing to change"
    names = ", ".join(plan.servers)
    would = "would be " if dry else ""
    if undone:
        return f"{would}taken out: {names}"
    return f"{would}behind the gate: {names} (as it was: {backup_of(plan.path).name})"


def _show(plan: Plan) -> None:
    before, after = plan.before.splitlines(), plan.after.splitlines()
    for line in difflib.unified_diff(before, after, str(plan.path), str(plan.path), lineterm="", n=1):
        say(visible(line))
