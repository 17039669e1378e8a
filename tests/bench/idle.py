"""Scenario `idle`: how soon the subject answers after its start, and what memory it has then."""

import statistics
import time
from dataclasses import dataclass

from tests.bench.bench import Bench, say
from tests.bench.load import ask, connect, get_request
from tests.bench.processes import START_SECONDS
from tests.bench.procfs import waited
from tests.bench.report import Goal, Section
from tests.bench.targets import Target

STARTS = 5
SECONDS_GOAL = 2.0
MEGABYTES_GOAL = 120.0
MEGABYTE = 1024**2
HEADER = ("start", "s to the first answer", "of it waiting for a core", "CPU s", "RSS MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start, up to the first answer; CPU and memory are without the embedded store's."""

    seconds: float
    waiting: float
    """How much of it the subject was ready to run while somebody else had the core."""
    cpu_seconds: float
    megabytes: float

    @property
    def alone(self) -> float:
        """Seconds that it takes on a machine where nobody else works."""
        return self.seconds - self.waiting


def run(bench: Bench) -> Section:
    """Start the subject a few times, each time in an empty folder, and let it answer one call."""
    return section([_start(bench) for _ in range(STARTS)])


def section(starts: list[Start]) -> Section:
    """Put the starts into a table; the goals are about the middle one."""
    seconds = statistics.median(start.alone for start in starts)
    megabytes = statistics.median(start.megabytes for start in starts)
    return Section(
        name="idle",
        title="Start with an empty folder, all packs and an embedded store, up to the first answer",
        header=HEADER,
        rows=tuple(
            (
                str(n + 1),
                f"{each.seconds:.2f}",
                f"{each.waiting:.2f}",
                f"{each.cpu_seconds:.2f}",
                f"{each.megabytes:.0f}",
            )
            for n, each in enumerate(starts)
        ),
        notes=(),
        goals=(
            Goal(
                text=f"{seconds:.2f} s from start to the first answer, with a core of its own "
                f"(goal {SECONDS_GOAL:.0f})",
                met=seconds <= SECONDS_GOAL,
            ),
            Goal(
                text=f"{megabytes:.0f} MB resident when idle (goal {MEGABYTES_GOAL:.0f})",
                met=megabytes <= MEGABYTES_GOAL,
            ),
        ),
        data={"seconds": seconds, "megabytes": megabytes},
    )


def _start(bench: Bench) -> Start:
    started = time.monotonic()
    with bench.start_subject() as subject:
        _await_answer(bench, subject, deadline=started + START_SECONDS)
        seconds, usage, waiting = time.monotonic() - started, subject.usage(), waited(subject.pid)
    say(f"idle: {seconds:.2f} s to the first answer, {usage.rss_bytes / MEGABYTE:.0f} MB")
    return Start(
        seconds=seconds, waiting=waiting, cpu_seconds=usage.cpu_seconds, megabytes=usage.rss_bytes / MEGABYTE
    )


def _await_answer(bench: Bench, subject: Target, *, deadline: float) -> None:
    """Ask until there is an answer: a port can be open for a moment before anybody serves it."""
    route = bench.route(subject)
    while True:
        try:
            with connect(route) as connection:
                ask(connection, get_request("/item", bench.upstream.port), item=bench.upstream.item)
                return
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
