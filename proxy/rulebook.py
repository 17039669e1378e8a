"""The rules of now: their files are watched, and a version with a fault leaves the last one in force."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from proxy.failure import ended, report
from proxy.metrics import Metrics
from rules.language.document import Problem
from rules.ruleset import Ruleset

logger = logging.getLogger(__name__)

type Loaded = Ruleset | tuple[Problem, ...]
type Marks = tuple[tuple[int, int, int] | None, ...]

_LOOK_EVERY = 2.0


class Rulebook:
    """The rule set that judges. `load` compiles its `files`, which were `seen` like that before it did."""

    def __init__(
        self, ruleset: Ruleset, *, files: Sequence[Path], seen: Marks, load: Callable[[], Loaded]
    ) -> None:
        self._ruleset = ruleset
        self._files = files
        self._load = load
        self._good: Marks = seen
        self._tried: Marks | None = seen
        self._asked = asyncio.Event()

    def current(self) -> Ruleset:
        """The rules of now. Ask once for a call: in the middle of it they may change."""
        return self._ruleset

    def names_host(self, host: str) -> bool:
        """Whether a rule of now names `host`."""
        return self._ruleset.names_host(host)

    def ask(self) -> None:
        """Have the files read again at once, whether or not they look changed."""
        self._tried = None
        self._asked.set()

    async def watch(self, metrics: Metrics, changed: Callable[[], None]) -> None:
        """Look at the files until cancelled; `changed` hears of every new rule set."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), _LOOK_EVERY)
            self._asked.clear()
            await self.look(metrics, changed)

    async def look(self, metrics: Metrics, changed: Callable[[], None]) -> None:
        """Read the files again if one has changed; a set with a problem is reported and not used."""
        marks = look_at(self._files)
        if marks == self._tried:
            return
        self._tried = marks
        # Ten thousand rules take seconds to compile: beside the loop, while the old ones judge.
        loaded = await ended(asyncio.to_thread(self._load))
        if isinstance(loaded, Ruleset):
            self._ruleset, self._good = loaded, marks
            changed()
            logger.info("rules.loaded hash=%s rules=%d", loaded.hash, len(loaded.rules))
        else:
            _report(loaded)
        metrics.rules_loaded.labels("loaded" if self._good == marks else "rejected").inc()
        metrics.rules_stale.set(self._good != marks)


def look_at(files: Sequence[Path]) -> Marks:
    """What tells one version of the files from another."""
    return tuple(_mark(path) for path in files)


def _report(loaded: tuple[Problem, ...] | BaseException) -> None:
    if isinstance(loaded, BaseException):
        report("rules.rejected", loaded)
        return
    for problem in loaded:
        logger.error("rules.rejected %s", problem)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
