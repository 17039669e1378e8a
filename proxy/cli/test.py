"""`sidegate test`: does every example of the rules still get the tier that it names?"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from proxy.cli.labelled.judging import Judge, add_flags, with_judge
from proxy.cli.labelled.row import read_row
from proxy.cli.rule_files import read_documents
from proxy.cli.terminal import say
from rules.language.document import Document
from rules.language.particulars import Example, ExampleRequest
from rules.language.rule_file import RulesFile
from rules.review.inert import visible
from rules.verdict import Judgement, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """An example that is judged otherwise than it says. `example`: its number in the rule, from 1."""

    file: str
    line: int
    rule: str
    example: int
    expected: str
    got: str
    why: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: rule `{self.rule}`, example {self.example}: "
            f"expected {self.expected}, got {self.got}: {self.why}"
        )


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "test",
        help="run the examples of the rules",
        description="Judges every example in the rules files under all rules together, and prints "
        "one line for each that does not get the tier it names; the exit code is then 1.",
    )
    add_flags(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


@with_judge
def run(args: argparse.Namespace, judge: Judge) -> int:
    """Run the examples; 0, or 1 if one drifts."""
    files = read_documents(args.rules)
    drifts = [drift for file in files for drift in _drifts(file, judge)]
    count = sum(len(rule.examples) for file in files for rule in file.content.rules)
    if args.json:
        sys.stdout.write(json.dumps({"examples": count, "drift": [asdict(d) for d in drifts]}) + "\n")
    else:
        for drift in drifts:
            say(visible(str(drift)))
        if not drifts:
            say(f"ok: {count} {'example' if count == 1 else 'examples'}")
    return 1 if drifts else 0


def _drifts(file: Document[RulesFile], judge: Judge) -> Iterator[Drift]:
    for n, rule in enumerate(file.content.rules):
        for m, example in enumerate(rule.examples):
            got, why = _outcome(example.request, judge)
            expected = _wanted(example)
            if got != expected:
                place = file.places.problem(("rules", n, "examples", m), why)
                yield Drift(
                    file=place.file,
                    line=place.line,
                    rule=rule.id,
                    example=m + 1,
                    expected=expected,
                    got=got,
                    why=why,
                )


def _outcome(request: ExampleRequest, judge: Judge) -> tuple[str, str]:
    """What the call gets, in the words of `_wanted`, and why."""
    line = json.dumps(
        {
            "id": 0,
            "protocol": "mcp" if request.of_tool else "http",
            "request": request.model_dump(exclude_unset=True),
        }
    ).encode()
    try:
        judgement = judge.judge(read_row(line), line)
    except ValueError as error:
        return "no call", str(error)
    return _word(judgement), judgement.reason


def _wanted(example: Example) -> str:
    return "forbidden" if example.tier is None else f"tier {example.tier:d}"


def _word(judgement: Judgement) -> str:
    return "forbidden" if judgement.verdict is Verdict.BLOCK else f"tier {judgement.tier:d}"
