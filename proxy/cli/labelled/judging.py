"""What judges the rows of a run: the same rules and tools for `classify` and `eval`."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO

from proxy.cli.labelled.row import Row, read_call
from proxy.cli.rule_files import add_rules, read_rules
from proxy.config import Identity, read_text
from rules.call import Call, ToolCall, ToolDefinition
from rules.classify import classify
from rules.explanation import summary
from rules.language.document import Problem
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal, Tier, Verdict

MAX_LINE = 64 * 1024 * 1024

type Tools = Mapping[tuple[str, str], ToolDefinition]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """One configuration: compiled rules, and the tools that servers list, by server and name."""

    ruleset: Ruleset
    tools: Tools

    def judge(self, row: Row, line: bytes) -> Judgement:
        """The gate's answer to the call in `row`. Raises ValueError if the row is malformed."""
        return self.of(self.read(row, line))

    def of(self, call: Call | Refusal) -> Judgement:
        """The gate's answer to `call`."""
        return blocked(call) if isinstance(call, Refusal) else classify(call, self.ruleset)

    def told(self, call: Call | Refusal, judgement: Judgement) -> str | None:
        """What the rule that fixed `judgement` makes of `call` in a sentence, if it does."""
        return None if isinstance(call, Refusal) else summary(call, self.ruleset, judgement.rule)

    def read(self, row: Row, line: bytes) -> Call | Refusal:
        """The call in `row`, with what its server says of the tool. Raises as `judge` does."""
        call = read_call(row, line, paths=self.ruleset.paths)
        if isinstance(call, ToolCall):
            return replace(call, definition=self.tools.get((call.server, call.tool)))
        return call


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that name rules and tools."""
    add_rules(parser)
    parser.add_argument(
        "--agent",
        default=Identity().agent,
        metavar="NAME",
        help="whose calls they are: `identity.agent` of a sidecar's configuration",
    )
    parser.add_argument(
        "--tools", type=Path, metavar="FILE", help="JSON object: MCP server to its tools/list entries"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(".sidegate"),
        metavar="DIR",
        help="accepted everywhere; not used here",
    )


def with_judge(use: Callable[[argparse.Namespace, Judge], int]) -> Callable[[argparse.Namespace], int]:
    """A command that needs a judge: 2, with all that is wrong, where rules or tools cannot be used."""

    @wraps(use)
    def run(args: argparse.Namespace) -> int:
        judge = read_judge(args)
        if isinstance(judge, Judge):
            return use(args, judge)
        sys.stderr.writelines(f"{problem}\n" for problem in judge)
        return 2

    return run


def read_judge(args: argparse.Namespace) -> Judge | tuple[Problem, ...]:
    """The configuration that the flags name, or everything that is wrong with it."""
    ruleset, tools = read_rules(args, agent=args.agent), _read_tools(args.tools)
    if isinstance(ruleset, tuple) or isinstance(tools, tuple):
        problems = [found for found in (ruleset, tools) if isinstance(found, tuple)]
        return tuple(problem for found in problems for problem in found)
    return Judge(ruleset=ruleset, tools=tools)


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines; of one over the limit only the beginning, so that it fails as JSON."""
    while line := stream.readline(MAX_LINE):
        whole = line
        while len(line) == MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE)
        yield whole


def _read_tools(path: Path | None) -> Tools | tuple[Problem, ...]:
    text = "{}" if path is None else read_text(path)
    if isinstance(text, tuple):
        return text
    try:
        return _tools(text)
    except ValueError as error:
        return (Problem(file=str(path), line=1, column=1, key="", message=str(error)),)


def _tools(text: str) -> Tools:
    """The tools of a JSON object from server to tools/list entries. Raises ValueError with the cure."""
    try:
        servers = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not json; write one json object") from None
    if not isinstance(servers, dict):
        raise ValueError("it is not an object; write each server's name with its tools/list entries")
    tools: dict[tuple[str, str], ToolDefinition] = {}
    for server, entries in servers.items():
        for name, definition in _entries(server, entries):
            if (server, name) in tools:
                raise ValueError(f"`{server}` lists `{name}` twice; keep the entry that the server means")
            tools[server, name] = definition
    return tools


def _entries(server: str, entries: Any) -> Iterator[tuple[str, ToolDefinition]]:
    listed: list[Any] = entries if isinstance(entries, list) else [None]
    if not all(isinstance(tool, dict) and isinstance(tool.get("name"), str) for tool in listed):
        raise ValueError(f"the tools of `{server}` are not a list of objects with a `name`")
    names = frozenset(tool["name"] for tool in listed)
    for tool in listed:
        hints, description = tool.get("annotations"), tool.get("description")
        hints = hints if isinstance(hints, dict) else {}
        yield (
            tool["name"],
            ToolDefinition(
                description=description if isinstance(description, str) else "",
                read_only=_flag(hints.get("readOnlyHint")),
                destructive=_flag(hints.get("destructiveHint")),
                siblings=names,
            ),
        )


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def blocked(refusal: Refusal) -> Judgement:
    """What becomes of a call that cannot be judged."""
    return Judgement(
        tier=Tier.HIGH_RISK,
        verdict=Verdict.BLOCK,
        reason_id=refusal.reason_id,
        reason=refusal.reason,
    )
