"""Scenario `passing`: CPU per request of a call that passes (a GET of tier 1), against mitmdump."""

import statistics
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.bench.bench import Bench, say
from tests.bench.load import Client, clients, drive
from tests.bench.report import Goal, Json, Section, percentile, spread
from tests.bench.targets import Target

FULL_GOAL = 0.25
"""The highest CPU ratio with everything judged; the command's own goal is the first cut's."""
WARM_UP_SECONDS = 0.1
BUSY_ENOUGH = 0.8
MEGABYTE = 1024**2

HEADER = (
    "proxy", "CPU us/request", "min..max", "requests/s", "p50 ms", "p99 ms", "busy", "store us",
    "RSS MB", "answers",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What one proxy did in one of its turns; every answer was right."""

    cpu_seconds: float
    store_cpu_seconds: float
    wall_seconds: float
    latencies: tuple[float, ...]

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return len(self.latencies)

    @property
    def cpu_us(self) -> float:
        """CPU of the proxy per request, in microseconds."""
        return self.cpu_seconds * 1e6 / self.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All turns of one proxy."""

    name: str
    version: str
    slices: tuple[Slice, ...]
    rss_bytes: int

    @property
    def requests(self) -> int:
        """How many requests were answered in all turns."""
        return sum(each.requests for each in self.slices)

    @property
    def wall_seconds(self) -> float:
        """How long all turns took."""
        return sum(each.wall_seconds for each in self.slices)

    @property
    def busy(self) -> float:
        """Share of one core that the proxy used in its turns."""
        return sum(each.cpu_seconds for each in self.slices) / self.wall_seconds

    @property
    def store_us(self) -> float:
        """CPU of the embedded store per request, in microseconds."""
        return sum(each.store_cpu_seconds for each in self.slices) * 1e6 / self.requests

    def latency_ms(self, share: float) -> float:
        """The latency that this share of all requests stayed within, in milliseconds."""
        return 1e3 * percentile([each for part in self.slices for each in part.latencies], share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A running proxy with its clients, whose connections stay open between its turns."""

    target: Target
    asking: list[Client]

    def take_turn(self, seconds: float) -> Slice:
        """Keep the proxy busy for one turn; the first answers are not in the figures."""
        drive(self.asking, seconds=WARM_UP_SECONDS)
        before = self.target.usage()
        tally = drive(self.asking, seconds=seconds)
        after = self.target.usage()
        return Slice(
            cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            store_cpu_seconds=after.store_cpu_seconds - before.store_cpu_seconds,
            wall_seconds=tally.wall_seconds,
            latencies=tally.latencies,
        )


def run(bench: Bench) -> Section:
    """Measure both proxies turn by turn, both alive all the time, and compare round by round."""
    with (
        bench.start_yardstick() as yardstick,
        bench.start_subject() as subject,
        _clients(bench, yardstick) as asking_yardstick,
        _clients(bench, subject) as asking_subject,
    ):
        runners = (
            Runner(target=yardstick, asking=asking_yardstick),
            Runner(target=subject, asking=asking_subject),
        )
        rounds = [_measure_round(bench, runners, number) for number in range(bench.settings.rounds)]
        mine, ours = (
            Series(
                name=runner.target.name,
                version=runner.target.version,
                slices=tuple(each[turn] for each in rounds),
                rss_bytes=runner.target.usage().rss_bytes,
            )
            for turn, runner in enumerate(runners)
        )
    return section(mine, ours, goals=(FULL_GOAL, bench.settings.goal))


def section(yardstick: Series, subject: Series, *, goals: Sequence[float]) -> Section:
    """Put two series into a table; the median of the rounds' ratios is held against each of `goals`."""
    ratios = ratios_of(yardstick, subject)
    ratio = statistics.median(ratios)
    return Section(
        name="passing",
        title="GET of 1 KB JSON that passes: TLS on both sides, HTTP/1.1, keep-alive, closed loop",
        header=HEADER,
        rows=tuple(_row(each) for each in (yardstick, subject)),
        notes=(
            f"CPU ratio {subject.name} / {yardstick.name} per round: {spread(ratios, '.3f')}",
            *_idle_notes(yardstick, subject),
        ),
        goals=tuple(
            Goal(
                text=f"ratio {ratio:.3f} of mitmdump's CPU per request (goal {goal:.2f})",
                met=ratio <= goal,
            )
            for goal in goals
        ),
        data={
            "ratio": ratio,
            "ratios": list(ratios),
            "proxies": [_data(each) for each in (yardstick, subject)],
        },
    )


def ratios_of(yardstick: Series, subject: Series) -> tuple[float, ...]:
    """Return the subject's CPU per request over the yardstick's, round by round."""
    pairs = zip(yardstick.slices, subject.slices, strict=True)
    return tuple(ours.cpu_us / theirs.cpu_us for theirs, ours in pairs)


def _clients(bench: Bench, target: Target) -> AbstractContextManager[list[Client]]:
    count = bench.settings.connections
    return clients(bench.route(target), count=count, item=bench.upstream.item)


def _measure_round(bench: Bench, runners: Sequence[Runner], number: int) -> tuple[Slice, ...]:
    """Give each proxy a turn. Who goes first changes, so that a machine that slows hits both."""
    backwards = number % 2 == 1
    order = reversed(runners) if backwards else runners
    slices = tuple(runner.take_turn(bench.settings.seconds) for runner in order)
    slices = slices[::-1] if backwards else slices
    costs = ", ".join(
        f"{runner.target.name} {each.cpu_us:.0f} us" for runner, each in zip(runners, slices, strict=True)
    )
    say(f"passing: round {number + 1} of {bench.settings.rounds}: {costs}")
    return slices


def _row(series: Series) -> tuple[str, ...]:
    costs = [each.cpu_us for each in series.slices]
    return (
        f"{series.name} {series.version}",
        f"{statistics.median(costs):,.0f}",
        f"{min(costs):,.0f}..{max(costs):,.0f}",
        f"{series.requests / series.wall_seconds:,.0f}",
        f"{series.latency_ms(0.5):.2f}",
        f"{series.latency_ms(0.99):.2f}",
        f"{series.busy:.0%}",
        f"{series.store_us:.0f}",
        f"{series.rss_bytes / MEGABYTE:.0f}",
        f"{series.requests:,} all right",
    )


def _idle_notes(*all_series: Series) -> list[str]:
    return [
        f"{series.name} was busy for only {series.busy:.0%}: its requests/s are not its limit"
        for series in all_series
        if series.busy < BUSY_ENOUGH
    ]


def _data(series: Series) -> Json:
    return {
        "name": series.name,
        "version": series.version,
        "cpu_us_per_request": [each.cpu_us for each in series.slices],
        "requests": [each.requests for each in series.slices],
        "wall_seconds": [each.wall_seconds for each in series.slices],
        "store_us_per_request": series.store_us,
        "p50_ms": series.latency_ms(0.5),
        "p99_ms": series.latency_ms(0.99),
        "busy": series.busy,
        "rss_bytes": series.rss_bytes,
    }
