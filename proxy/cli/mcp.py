"""`sidegate mcp`: a stdio MCP server with the gate in front of it."""

import argparse
import asyncio
import re
import sys
from pathlib import PurePath

from proxy import logs
from proxy.audit.segments import AuditError
from proxy.cli.faults import in_words
from proxy.cli.remote import add_data_dir
from proxy.cli.settings import add_files, read_files
from proxy.config import Config
from proxy.data_dir.embedded import EmbeddedRedisError
from proxy.data_dir.files import private_folder
from proxy.mcp.child import CannotStart
from proxy.mcp.servers import Trust, known_pack
from proxy.mcp.stdio import Wrapping, wrap
from proxy.rulebook import Rulebook

# Programs that run a server which one of their arguments names.
_RUNNERS = re.compile(r"npx|uvx|bunx|pipx|node|bun|deno|uv|python[0-9.]*|docker|podman|env|run|tool|exec|x")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "mcp",
        help="run a stdio MCP server behind the gate: sidegate mcp -- COMMAND ARGS...",
        description="Runs COMMAND and speaks MCP with it on the agent's behalf: its tool calls are judged "
        "by the rules, and held ones wait for a human in the sidecar's store.",
    )
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="the server's command, after `--`")
    parser.add_argument("--name", help="the server's name in rules (default: the command's)")
    parser.add_argument(
        "--trust",
        choices=[*map(str, Trust)],
        default=str(Trust.FIRST_USE),
        help="what the server's first list of tools is worth (default: first-use)",
    )
    parser.add_argument(
        "--pack",
        type=_pack,
        metavar="NAME",
        help="which known server it is: the pack of that name speaks on its tools",
    )
    parser.add_argument(
        "--no-tasks", action="store_true", help="answer held calls with a result even where tasks are offered"
    )
    add_files(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until the agent has gone; the server's exit code, 1 if it cannot start, 2 if a file is wrong."""
    read = read_files(args)
    if read is None:
        return 2
    logs.begin_beside(read[0].logs)
    try:
        return _exit_code(asyncio.run(wrap(_wrapping(args, *read))))
    except* (CannotStart, AuditError, EmbeddedRedisError, OSError, ValueError) as group:
        for error in group.exceptions:
            print(f"sidegate: {in_words(error)}", file=sys.stderr)  # noqa: T201
    return 1


def server_name(command: list[str]) -> str:
    """The name of a server that was given none: of its package or program, without version and ending."""
    words = [word for word in command if not word.startswith("-")]
    named = next((word for word in words if not _RUNNERS.fullmatch(PurePath(word).name)), words[0])
    package = named.rpartition("/")[2].partition("@")[0].partition("=")[0]
    return PurePath(package).stem if package.endswith((".js", ".mjs", ".py", ".ts")) else package or named


def _pack(name: str) -> str:
    """Read a value of `--pack`."""
    try:
        return known_pack(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _wrapping(args: argparse.Namespace, config: Config, rulebook: Rulebook) -> Wrapping:
    return Wrapping(
        command=args.command,
        server=args.name or server_name(args.command),
        data_dir=private_folder(args.data_dir.absolute()),
        config=config,
        rulebook=rulebook,
        redis_url=config.redis.url,
        trust=Trust(args.trust),
        pack=args.pack or "",
        tasks=not args.no_tasks,
    )


def _exit_code(code: int) -> int:
    """A server's exit code, as shells tell one that a signal ended."""
    return code if code >= 0 else 128 - code
