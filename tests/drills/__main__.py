"""The command: `python -m tests.drills`, with DRILLS in the environment; exit code 0 if everything held."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from time import monotonic

from proxy.console.quality.rates import rates
from tests.acceptance.authority import Authority
from tests.drills.exercise import exercise
from tests.drills.test_drills import check
from tests.proxy.redis_child import redis_server


def main() -> int:
    """Inject, answer, and compare."""
    count, started = int(os.environ.get("DRILLS", "1000")), monotonic()
    with redis_server() as url, tempfile.TemporaryDirectory(prefix="sidegate-drills-", dir="/tmp") as folder:
        found = asyncio.run(exercise(url, Authority.create(Path(folder)), count))
        check(found, count)
        told = rates(found.world.metrics)
        executed = len(found.upstream.executed) - found.tally.real
    print(f"{count} drills, {executed} executed, 0 counted elsewhere; {monotonic() - started:.0f} s")  # noqa: T201
    print(f"catch {told.catch}\nfalse alarm {told.false_alarm}\nd' {told.d_prime}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
