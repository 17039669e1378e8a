"""`sidegate classify`: judge calls from standard input, one JSON line each, without sending anything."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from proxy.cli.row import read_call, read_id, read_row
from proxy.config import read_text
from rules.classify import classify
from rules.compile import compile_rules
from rules.language.document import Problem
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal, Tier, Verdict

MAX_LINE = 64 * 1024 * 1024


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "classify",
        help="judge calls from standard input without sending them",
        description="Reads one call per line as JSON and writes one judgement per line, in order: "
        "id, tier, verdict (pass, hold, block), rule, reason_id, reason. "
        "A row that is malformed gets a line with id and error, and the exit code is 1.",
    )
    parser.add_argument(
        "--rules",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="rules files, in order; without any, the built-in defaults apply",
    )
    parser.add_argument(
        "--tools", type=Path, metavar="FILE", help="JSON object: MCP server to its tools/list entries"
    )
    parser.add_argument("--json", action="store_true", help="accepted; the output is always JSON lines")
    parser.add_argument(
        "--data-dir", type=Path, default=Path(".sidegate"), help="accepted everywhere; not used here"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge every row; 0, or 1 if one was malformed, or 2 if rules or tools cannot be used."""
    ruleset = _read_rules(args.rules)
    problems = [*(ruleset if isinstance(ruleset, tuple) else ()), *_check_tools(args.tools)]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if problems or isinstance(ruleset, tuple):
        return 2
    well_formed = True
    for line in _lines(sys.stdin.buffer):
        answer = _answer(line, ruleset)
        well_formed = well_formed and "error" not in answer
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0 if well_formed else 1


def _read_rules(paths: list[Path]) -> Ruleset | tuple[Problem, ...]:
    texts = [(str(path), read_text(path)) for path in paths]
    unread = [problem for _, text in texts if isinstance(text, tuple) for problem in text]
    ruleset = compile_rules([(name, text) for name, text in texts if isinstance(text, str)])
    return (*unread, *(ruleset if isinstance(ruleset, tuple) else ())) or ruleset


def _check_tools(path: Path | None) -> tuple[Problem, ...]:
    """What is wrong with the file of tools. Nothing is judged by it yet: an unknown tool is held."""
    text = "{}" if path is None else read_text(path)
    if isinstance(text, tuple):
        return text
    why = _tools_fault(text)
    return (Problem(file=str(path), line=1, column=1, key="", message=why),) if why else ()


def _tools_fault(text: str) -> str | None:
    try:
        servers = json.loads(text)
    except (ValueError, RecursionError):
        return "it is not json; write one json object"
    if not isinstance(servers, dict):
        return "it is not an object; write each server's name with its tools/list entries"
    for name, tools in servers.items():
        entries = tools if isinstance(tools, list) else [None]
        if not all(isinstance(tool, dict) and isinstance(tool.get("name"), str) for tool in entries):
            return f"the tools of `{name}` are not a list of objects with a `name`"
    return None


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines that are not blank; what is over the limit comes cut, so that it fails as JSON."""
    while line := stream.readline(MAX_LINE):
        whole = line
        while len(line) == MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE)
        if whole.strip():
            yield whole


def _answer(line: bytes, ruleset: Ruleset) -> dict[str, object]:
    """What is written for one row. The keys and their order are a contract with other programs."""
    identity = None
    try:
        row = read_row(line)
        identity = read_id(row)
        call = read_call(row, line, paths=ruleset.paths)
    except ValueError as error:
        return {"id": identity, "error": str(error)}
    judgement = _blocked(call) if isinstance(call, Refusal) else classify(call, ruleset)
    return {
        "id": identity,
        "tier": int(judgement.tier),
        "verdict": str(judgement.verdict),
        "rule": judgement.rule,
        "reason_id": str(judgement.reason_id),
        "reason": judgement.reason,
    }


def _blocked(refusal: Refusal) -> Judgement:
    return Judgement(
        tier=Tier.HIGH_RISK,
        verdict=Verdict.BLOCK,
        reason_id=refusal.reason_id,
        reason=refusal.reason,
    )
