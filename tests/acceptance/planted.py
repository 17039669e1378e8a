"""`python -m tests.acceptance.planted STEP[,STEP]... COMMAND`: the sidecar with steps that can fail.

A step is `module:attribute.path`. The steps work until the file in PLANTED_WHEN names one of them and a
fault, as `STEP FAULT`; then that one fails, and each time a line goes to the file in PLANTED_FIRED.
"""

import asyncio
import inspect
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial, reduce
from importlib import import_module
from pathlib import Path
from typing import Any

SECRET = "planted-secret-in-the-exception"
_PAUSE_SECONDS = 0.01


class PlantedError(Exception):
    """What a broken step raises; its words must not reach a log."""


class Fault(StrEnum):
    """How a step fails."""

    RAISE = "raise"
    """With an exception that nobody expects."""
    OWN = "own"
    """With the exception that a dependency announces for its failures."""
    TIMEOUT = "timeout"
    """With a time-out."""
    HANG = "hang"
    """By not coming back until it is repaired, and then going on; only what is awaited can."""
    KILL = "kill"
    """Together with the whole process, at once."""


OWN = {
    "proxy.store.store": "proxy.store.record:StoreUnavailable",
    "proxy.keys.sealed": "proxy.keys.seal:SealError",
    "proxy.replay.journal": "proxy.replay.journal:JournalError",
    "proxy.witness": "proxy.witness:WitnessError",
    "proxy.destinations": "builtins:OSError",
    "proxy.credentials.credentials": "proxy.credentials.sources.secret:CredentialError",
    "proxy.credentials.sources.stated": "proxy.credentials.sources.secret:CredentialError",
}
"""By module, the exception that it announces."""


def arm(when: Path, step: str, fault: Fault) -> None:
    """From now on, let `step` fail."""
    part = when.with_name(f"{when.name}.part")
    part.write_text(f"{step} {fault}")
    part.replace(when)


def find(step: str) -> tuple[Any, str]:
    """The owner of a step, and its name there."""
    module_name, _, path = step.partition(":")
    *owners, name = path.split(".")
    return reduce(getattr, owners, import_module(module_name)), name


def waits(step: str) -> bool:
    """Whether the step is one that is awaited."""
    return inspect.iscoroutinefunction(getattr(*find(step)))


def plant(step: str, when: Path, fired: Path | None) -> None:
    """Replace a step by one that can fail."""
    owner, name = find(step)
    working = getattr(owner, name)
    armed = partial(_armed, step, when)

    async def later(*args: Any, **kwargs: Any) -> Any:
        if fault := armed():
            _fire(step, fault, fired)
        while armed() is Fault.HANG:  # noqa: ASYNC110 (who repairs it is another process)
            await asyncio.sleep(_PAUSE_SECONDS)
        return await working(*args, **kwargs)

    def now(*args: Any, **kwargs: Any) -> Any:
        if fault := armed():
            _fire(step, fault, fired)
        return working(*args, **kwargs)

    setattr(owner, name, later if inspect.iscoroutinefunction(working) else now)


def _armed(step: str, when: Path) -> Fault | None:
    try:
        named, _, fault = when.read_text().partition(" ")
    except FileNotFoundError:
        return None
    return Fault(fault) if named == step else None


def _fire(step: str, fault: Fault, fired: Path | None) -> None:
    """Fail, unless hanging is the way to."""
    if fired is not None:
        with fired.open("a") as tally:
            tally.write(f"{step} {fault}\n")
    match fault:
        case Fault.RAISE:
            raise PlantedError(SECRET)
        case Fault.OWN:
            raise getattr(*find(OWN[step.partition(":")[0]]))(SECRET)
        case Fault.TIMEOUT:
            raise TimeoutError(SECRET)
        case Fault.KILL:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Plant the steps named first, and run the command line with the rest."""
    steps, *arguments = sys.argv[1:]
    fired = os.environ.get("PLANTED_FIRED")
    for step in steps.split(","):
        plant(step, Path(os.environ["PLANTED_WHEN"]), Path(fired) if fired else None)
    run: Callable[[list[str]], int] = import_module("proxy.cli").main
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
