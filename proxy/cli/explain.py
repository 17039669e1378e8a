"""`sidegate explain`: why one call is judged as it is, and what else bears on it."""

import argparse
import json
import sys
from collections.abc import Iterator

from proxy.cli.labelled.judging import Judge, add_flags, blocked, read_lines, with_judge
from proxy.cli.labelled.row import read_row
from proxy.cli.terminal import say
from rules.call import Call
from rules.classify import classify
from rules.explanation import Bearing, bearings
from rules.review.inert import visible
from rules.verdict import Judgement, Refusal


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "explain",
        help="say why one call is judged as it is",
        description="Reads one call as JSON, as `classify` does, and prints its judgement, then every "
        "judgement that bears on it, the most severe first, with the evidence of its rule.",
    )
    add_flags(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


@with_judge
def run(args: argparse.Namespace, judge: Judge) -> int:
    """Explain the first row; 0, or 1 if it is malformed."""
    line = next((line for line in read_lines(sys.stdin.buffer) if line.strip()), b"")
    try:
        call = judge.read(read_row(line), line)
    except ValueError as error:
        sys.stderr.write(f"sidegate: {visible(str(error))}\n")
        return 1
    standing, found = _explained(call, judge)
    told = judge.told(call, standing)
    if args.json:
        parts = [{**_shown(bearing.judgement), "evidence": list(bearing.evidence)} for bearing in found]
        say(json.dumps({**_shown(standing), "summary": told, "bearing": parts}))
        return 0
    for text in _lines(standing, found, told):
        say(visible(text))
    return 0


def _explained(call: Call | Refusal, judge: Judge) -> tuple[Judgement, list[Bearing]]:
    if isinstance(call, Refusal):
        refused = blocked(call)
        return refused, [Bearing(judgement=refused)]
    return classify(call, judge.ruleset), list(bearings(call, judge.ruleset))


def _lines(standing: Judgement, found: list[Bearing], told: str | None) -> Iterator[str]:
    yield f"tier {standing.tier:d}, {standing.verdict}: {standing.reason}"
    if told is not None:
        yield f"in short: {told}"
    yield ""
    yield "what bears on this call, the most severe first:"
    for bearing in found:
        judgement = bearing.judgement
        rule = f", rule `{judgement.rule}`" if judgement.rule is not None else ""
        category = f", {judgement.category}" if judgement.category is not None else ""
        yield f"  tier {judgement.tier:d}, {judgement.verdict}, {judgement.reason_id}{rule}{category}"
        yield f"    {judgement.reason}"
        yield from (f"    evidence: {text}" for text in bearing.evidence)


def _shown(judgement: Judgement) -> dict[str, object]:
    return {
        "tier": int(judgement.tier),
        "verdict": str(judgement.verdict),
        "rule": judgement.rule,
        "reason_id": str(judgement.reason_id),
        "reason": judgement.reason,
        "category": judgement.category,
        "observed": judgement.observed,
    }
