"""`sidegate eval`: how well the rules judge calls whose tier is known."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import time

from proxy.cli.labelled import exported
from proxy.cli.labelled.judging import Judge, add_flags, read_judge, read_lines
from proxy.cli.labelled.label import Label, read_label
from proxy.cli.labelled.progress import Progress
from proxy.cli.labelled.report import Bounds, as_json, as_table
from proxy.cli.labelled.row import read_id, read_row
from proxy.cli.labelled.tally import Tally
from proxy.cli.labelled.tasks import Tasks
from proxy.cli.terminal import say
from rules.review.inert import visible
from rules.verdict import Judgement, Verdict


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "eval",
        help="measure the rules on labelled calls",
        description="Reads labelled calls, one JSON object per line, and prints how many consequential "
        "ones are caught and how many harmless ones are held, for each source and as the mean of them.",
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="labelled calls, as JSON lines")
    add_flags(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--wrong", action="store_true", help="print every row whose verdict is not its label's, too"
    )
    parser.add_argument(
        "--min-catch", type=_percent, metavar="P", help="end with 1 if a protocol's catch is under P percent"
    )
    parser.add_argument(
        "--max-false",
        type=_percent,
        metavar="P",
        help="end with 1 if a protocol's false escalation is over P percent",
    )
    parser.add_argument(
        "--metrics", type=Path, metavar="FILE", help="also write the figures as gauges for Prometheus"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure; 0, or 1 if a row was malformed or a bound is missed, or 2 if a file cannot be used."""
    judge, unread = read_judge(args), list(_unreadable(args.files))
    if unread or isinstance(judge, tuple):
        problems = (*(judge if isinstance(judge, tuple) else ()), *unread)
        sys.stderr.writelines(f"{problem}\n" for problem in problems)
        return 2
    trial = _Trial(judge, total=sum(path.stat().st_size for path in args.files))
    for path in args.files:
        trial.read(path)
    trial.progress.clear()
    missed = list(Bounds(min_catch=args.min_catch, max_false=args.max_false).missed(trial.tally))
    trial.write(args, missed)
    if args.metrics is not None and (unwritten := trial.export(args.metrics)):
        sys.stderr.write(f"{unwritten}\n")
        return 2
    sys.stderr.writelines(f"{line}\n" for line in missed)
    return 1 if missed or trial.malformed else 0


class _Trial:
    """One run over all files."""

    def __init__(self, judge: Judge, *, total: int) -> None:
        self._judge = judge
        self.progress = Progress(total)
        self.tally = Tally()
        self.tasks = Tasks()
        self.rows = 0
        self.malformed = 0
        self.wrong: list[dict[str, object]] = []

    def read(self, path: Path) -> None:
        """Judge every row of a file; what is malformed gets a line and the rest goes on."""
        with path.open("rb") as stream:
            for number, line in enumerate(read_lines(stream), start=1):
                if line.strip():
                    self._take(line, f"{path}:{number}")
                self.progress.advance(len(line))

    def write(self, args: argparse.Namespace, missed: list[str]) -> None:
        """Print the figures in the form that was asked for."""
        if args.json:
            totals = {"rows": self.rows, "malformed": self.malformed, "missed": missed}
            wrong = {"wrong": self.wrong} if args.wrong else {}
            sys.stdout.write(json.dumps(as_json(self.tally, self.tasks) | wrong | totals) + "\n")
            return
        for row in self.wrong if args.wrong else ():
            say(json.dumps(row))
        for line in as_table(self.tally, self.tasks):
            say(line)

    def export(self, path: Path) -> str | None:
        """Write the figures for Prometheus; why that cannot be, if so."""
        try:
            exported.write(path, self.tally, ruleset=self._judge.ruleset.hash, at=time())
        except OSError as error:
            return f"{visible(str(path))}: cannot be written ({error.strerror}): give another path"
        return None

    def _take(self, line: bytes, place: str) -> None:
        identity = None
        self.rows += 1
        try:
            row = read_row(line)
            identity = read_id(row)
            label = read_label(row)
            judgement = self._judge.judge(row, line)
        except ValueError as error:
            self.malformed += 1
            self.progress.clear()
            sys.stderr.write(f"{visible(place)}: {json.dumps(identity)}: {error}\n")
            return
        self.tally.add(label, judgement.verdict)
        self.tasks.add(label, judgement.verdict)
        if label.consequential is (judgement.verdict is Verdict.PASS):
            self.wrong.append(_wrong(identity, label, judgement))


def _wrong(identity: str | int | None, label: Label, judgement: Judgement) -> dict[str, object]:
    return {
        "id": identity,
        "source": label.source,
        "tier": int(judgement.tier),
        "verdict": str(judgement.verdict),
        "tiers": [int(label.least), int(label.most)],
        "reason_id": str(judgement.reason_id),
        "reason": judgement.reason,
    }


def _unreadable(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        try:
            with path.open("rb") as stream:
                stream.peek(1)
        except OSError as error:
            why = error.strerror
            yield f"{visible(str(path))}: cannot be read ({why}): give the path of a readable file"


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"`{visible(text)}` is not a number of percent from 0 to 100")
    return value
