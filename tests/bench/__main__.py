"""The command: `python -m tests.bench`; exit code 0 goals met, 1 missed or failed, 2 wrong use."""

import argparse
import os
import platform
import signal
import ssl
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from tests.bench import idle, judging, large, mcp, packs, passing, review, stream
from tests.bench.bench import YARDSTICK, Bench, Settings, say
from tests.bench.load import WrongAnswer
from tests.bench.processes import on_core, pick_cores
from tests.bench.report import Report, Section, as_text, keep
from tests.bench.targets import KINDS
from tests.bench.upstream import serving

# In the order of the run; `passing` is last because its goal is the line to remember.
SCENARIOS: dict[str, Callable[[Bench], Section]] = {
    "judging": judging.run,
    "packs": packs.run,
    "idle": idle.run,
    "large": large.run,
    "stream": stream.run,
    "review": review.run,
    "mcp": mcp.run,
    "passing": passing.run,
}
LONGEST_SECONDS = 90.0


def main(arguments: Sequence[str]) -> int:
    """Run the scenarios, print and keep the report, and return the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    settings = Settings(
        subject=asked.subject,
        rounds=asked.rounds,
        seconds=asked.seconds,
        connections=asked.connections,
        goal=asked.goal,
    )
    complaint = complaint_about(settings, asked.scenario)
    if complaint:
        parser.error(complaint)
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        parser.error(f"--out `{asked.out}` cannot be made: {failure.strerror}")
    signal.signal(signal.SIGTERM, _leave)
    try:
        report = _measure(settings, [name for name in SCENARIOS if name in asked.scenario])
    except (WrongAnswer, OSError) as failure:
        say(f"the run failed and proves nothing: {failure}")
        return 1
    except KeyboardInterrupt:
        say("stopped, nothing kept")
        return 128 + signal.SIGINT
    sys.stdout.write(as_text(report))
    keep(report, asked.out)
    return 0 if report.met else 1


def complaint_about(settings: Settings, scenarios: Sequence[str]) -> str:
    """Say what is wrong with the arguments and the cure, or nothing."""
    unknown = [name for name in scenarios if name not in SCENARIOS]
    if unknown:
        return f"`{unknown[0]}` is not a scenario: use one of {', '.join(SCENARIOS)}"
    if settings.rounds < 1 or settings.connections < 1 or settings.seconds <= 0:
        return "--rounds, --connections and --seconds must be above 0"
    together = settings.rounds * 2 * (settings.seconds + passing.WARM_UP_SECONDS)
    if together > LONGEST_SECONDS:
        return (
            f"{settings.rounds} rounds of two turns take {together:.0f} s, over the bound of "
            f"{LONGEST_SECONDS:.0f} s: ask for fewer --rounds or --seconds"
        )
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure Sidegate against plain mitmdump, turn by turn in one run.",
    )
    parser.add_argument(
        "scenario",
        nargs="*",
        default=list(SCENARIOS),
        help=f"which to run, default all: {', '.join(SCENARIOS)}",
    )
    # Short turns: a shared machine changes its speed within seconds, by far more than 10 %.
    parser.add_argument("--rounds", type=int, default=20, help="turns per proxy (default 20)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a turn (default 1)")
    parser.add_argument("--connections", type=int, default=16, help="at once (default 16)")
    parser.add_argument("--goal", type=float, default=0.6, help="highest CPU ratio (default 0.6)")
    parser.add_argument(
        "--out", type=Path, default=Path(".bench"), help="folder for the report (default .bench)"
    )
    # For the benchmark's own tests: mitmdump against itself must come out at about 1.
    parser.add_argument("--subject", choices=list(KINDS), default="sidegate", help=argparse.SUPPRESS)
    return parser


def _measure(settings: Settings, scenarios: Sequence[str]) -> Report:
    cores = pick_cores()
    with (
        tempfile.TemporaryDirectory(prefix="sidegate-bench-") as name,
        on_core(cores.load),
        serving(Path(name), core=cores.load) as upstream,
    ):
        bench = Bench(folder=Path(name), upstream=upstream, cores=cores, settings=settings)
        sections = tuple(SCENARIOS[scenario](bench) for scenario in scenarios)
        return Report(machine=_machine(bench), sections=sections)


def _machine(bench: Bench) -> dict[str, str]:
    cores = bench.cores
    apart = f"proxies on core {cores.proxy}, clients and upstreams on core {cores.load}"
    shared = "only one core: proxies, clients and upstreams share it, requests/s mean little"
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "placement": apart if cores.apart else shared,
        "python": f"{platform.python_version()}, {ssl.OPENSSL_VERSION} for the clients",
        "upstream": bench.upstream.server,
        "connections": str(bench.settings.connections),
        "yardstick": f"{YARDSTICK} at its defaults, its output in a file",
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _leave(number: int, frame: FrameType | None) -> None:
    """Turn SIGTERM into an exit that ends what was started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
