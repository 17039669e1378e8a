"""`sidegate classify`: judge calls from standard input, one JSON line each, without sending anything."""

import argparse
import json
import sys

from proxy.cli.labelled.judging import Judge, add_flags, read_lines, with_judge
from proxy.cli.labelled.row import read_id, read_row


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "classify",
        help="judge calls from standard input without sending them",
        description="Reads one call per line as JSON and writes one judgement per line, in order: "
        "id, tier, verdict (pass, hold, block), rule, reason_id, reason. "
        "A row that is malformed gets a line with id and error, and the exit code is 1.",
    )
    add_flags(parser)
    parser.add_argument("--json", action="store_true", help="accepted; the output is always JSON lines")
    parser.set_defaults(run=run)


@with_judge
def run(args: argparse.Namespace, judge: Judge) -> int:
    """Judge every row; 0, or 1 if one was malformed."""
    well_formed = True
    for line in read_lines(sys.stdin.buffer):
        if not line.strip():
            continue
        answer = _answer(line, judge)
        well_formed = well_formed and "error" not in answer
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0 if well_formed else 1


def _answer(line: bytes, judge: Judge) -> dict[str, object]:
    """What is written for one row. The keys and their order are a contract with other programs."""
    identity = None
    try:
        row = read_row(line)
        identity = read_id(row)
        call = judge.read(row, line)
    except ValueError as error:
        return {"id": identity, "error": str(error)}
    judgement = judge.of(call)
    told = judge.told(call, judgement)
    return {
        "id": identity,
        "tier": int(judgement.tier),
        "verdict": str(judgement.verdict),
        "rule": judgement.rule,
        "reason_id": str(judgement.reason_id),
        "reason": judgement.reason,
        **({} if told is None else {"summary": told}),
    }
