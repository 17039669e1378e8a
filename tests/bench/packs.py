"""Scenario `packs`: how long loading all packs takes and what it keeps, in a process of its own each time."""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass

from tests.bench.bench import Bench, say
from tests.bench.processes import ROOT
from tests.bench.report import Goal, Section

ROUNDS = 5
SECONDS_GOAL = 1.0
MEGABYTES_GOAL = 100.0
HEADER = ("loading", "CPU s", "MB kept", "rules")

_CHILD = """
import json, time
from pathlib import Path
from proxy.packs import load_packs


def resident():
    # Not the most that there ever was: a child begins with its parent's.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


without, started = resident(), time.thread_time()
packs = load_packs()
seconds = time.thread_time() - started
print(json.dumps([seconds, resident() - without, len(packs.rules)]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One loading: CPU seconds, megabytes by which the process grew, and how many rules there were."""

    seconds: float
    megabytes: float
    rules: int


def run(bench: Bench) -> Section:
    """Load the packs a few times, each in a fresh process."""
    return section([_load() for _ in range(ROUNDS)])


def section(loads: list[Load]) -> Section:
    """Put the loadings into a table; the goals are about the middle one."""
    seconds = statistics.median(load.seconds for load in loads)
    megabytes = max(load.megabytes for load in loads)
    say(f"packs: {loads[0].rules} rules in {seconds:.2f} s, {megabytes:.0f} MB")
    return Section(
        name="packs",
        title="Loading all packs, each time in a fresh process",
        header=HEADER,
        rows=tuple(
            (str(n + 1), f"{load.seconds:.3f}", f"{load.megabytes:.1f}", str(load.rules))
            for n, load in enumerate(loads)
        ),
        notes=(),
        goals=(
            Goal(
                text=f"{seconds:.2f} CPU s for loading all packs (goal {SECONDS_GOAL:.0f})",
                met=seconds <= SECONDS_GOAL,
            ),
            Goal(
                text=f"{megabytes:.0f} MB for all packs (goal {MEGABYTES_GOAL:.0f})",
                met=megabytes <= MEGABYTES_GOAL,
            ),
        ),
        data={"seconds": seconds, "megabytes": megabytes, "rules": loads[0].rules},
    )


def _load() -> Load:
    command = [sys.executable, "-c", _CHILD]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True, timeout=60)
    seconds, megabytes, rules = json.loads(said.stdout)
    return Load(seconds=seconds, megabytes=megabytes, rules=rules)
