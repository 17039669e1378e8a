"""kill -9 while audit records are written: the chain is sound, and nothing was done without its record.

A child does what a sidecar does: it records an attempt durably, then acts by writing its id to another file.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from proxy.audit.making import begin
from proxy.audit.reading import check, files_in, lines_of
from proxy.audit.settings import Audit
from proxy.keys.signing import Signer
from proxy.metrics import Metrics
from rules.audit.record import Kind, read

_SIGNER = Signer(key=b"c" * 32, domain="crash")
_AT_ONCE = 8
_PER_CHAIN = 25
_LONGEST = 0.25


@dataclass(slots=True, kw_only=True)
class Killed:
    """What all kills have found."""

    kills: int = 0
    done: int = 0
    torn: int = 0
    """Ends that had to be mended."""
    faults: list[str] = field(default_factory=list)


def run(folder: Path, kills: int, *, seed: int = 1) -> Killed:
    """Kill so many writers, a few of each chain, and check after each."""
    found, chance = Killed(), random.Random(seed)
    for number in range(kills):
        chain = folder / f"chain-{number // _PER_CHAIN}"
        chain.mkdir(exist_ok=True)
        _kill(chain, after=chance.uniform(0, _LONGEST))
        found.kills += 1
        found.faults += [f"kill {number}: {fault}" for fault in _faults(chain)]
    for chain in sorted(folder.glob("chain-*")):
        found.done += len(_acted(chain))
        found.torn += len(list(chain.rglob("torn-*")))
    return found


def _kill(chain: Path, *, after: float) -> None:
    """Let a child write, and kill it."""
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        try:
            asyncio.run(_write(chain, writable))
        finally:
            os._exit(70)
    os.close(writable)
    # From the moment at which it begins, and not before: most kills are to hit a write.
    os.read(readable, 1)
    os.close(readable)
    sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


async def _write(chain: Path, ready: int) -> None:
    """Record and act until somebody ends it."""
    os.write(ready, b"x")
    told = begin(chain / "audit", Audit(file_bytes=65_536), _SIGNER, Metrics(), facts={})
    acted = os.open(chain / "acted", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def act(number: int) -> None:
        for n in range(1_000_000):
            name = f"{os.getpid()}-{number}-{n}"
            told.trail.note(Kind.TRANSITION, {"event": "claim", "attempt": name})
            await told.trail.record(Kind.ATTEMPT, {"hold": "h", "attempt": name})
            os.write(acted, f"{name}\n".encode())

    async with asyncio.TaskGroup() as tasks:
        for number in range(_AT_ONCE):
            tasks.create_task(act(number))


def _faults(chain: Path) -> Iterator[str]:
    """What is wrong with a chain whose writer was killed."""
    if not (chain / "audit").is_dir():
        return  # it was killed before it had begun
    yield from map(str, check([chain / "audit"], keys={_SIGNER.public.hex()}).findings)
    records = [read(text) for path in files_in([chain / "audit"]) for _, text in lines_of(path)]
    recorded = {record.facts["attempt"] for record in records if record.kind == Kind.ATTEMPT}
    for name in sorted(_acted(chain) - recorded):
        yield f"`{name}` was done and is not recorded"


def _acted(chain: Path) -> set[str]:
    file = chain / "acted"
    return set(file.read_text().splitlines()) if file.exists() else set()


def main(folder: Path, kills: int) -> int:
    """Tell what was found; 1 where there is a fault."""
    found = run(folder, kills)
    for fault in found.faults:
        sys.stderr.write(f"{fault}\n")
    summary = {"kills": found.kills, "done": found.done, "mended": found.torn, "faults": len(found.faults)}
    sys.stdout.write(json.dumps(summary) + "\n")
    return int(bool(found.faults))
