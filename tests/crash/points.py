"""The twenty points: each just before or just after one step of the product, reached by its name."""

import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from tests.acceptance.planted import find


class Moment(StrEnum):
    """On which side of its step a point lies."""

    BEFORE = "before"
    """The step has not begun."""
    AFTER = "after"
    """The step is done, and nobody has been told."""


class Reach(IntEnum):
    """How far the call has come when the process dies."""

    UNHELD = 0
    """There is no hold."""
    HELD = 1
    """The hold is there and nobody has approved it."""
    APPROVED = 2
    """It is approved and nothing has been sent."""
    SENDING = 3
    """The request may have left."""
    RECORDED = 4
    """The outcome is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One place to die."""

    name: str
    reach: Reach
    moment: Moment
    step: str
    """`module:attribute.path`."""

    @property
    def spell(self) -> str:
        """What the file says while the point is armed."""
        return f"{self.moment} {self.step}"


def _points(*rows: tuple[str, Reach, str]) -> tuple[Point, ...]:
    return tuple(
        Point(name=name, reach=reach, moment=Moment(spell.split()[0]), step=spell.split()[1])
        for name, reach, spell in rows
    )


POINTS = _points(
    ("parsed", Reach.UNHELD, "before proxy.gate:normalize"),
    ("judged", Reach.UNHELD, "after proxy.gate:classify"),
    ("sealed", Reach.UNHELD, "after proxy.holding:Holding.draft"),
    ("recording", Reach.UNHELD, "before proxy.store.store:Store.open"),
    ("held", Reach.HELD, "after proxy.store.store:Store.open"),
    ("deciding", Reach.HELD, "before proxy.console.deciding.deciding:Deciding._decided"),
    ("decided", Reach.APPROVED, "before proxy.console.deciding.decisions:Decisions._told"),
    ("found", Reach.APPROVED, "before proxy.replay.worker:Worker._run_if_possible"),
    ("claiming", Reach.APPROVED, "before proxy.replay.replayer:Replayer.run"),
    ("claimed", Reach.APPROVED, "before proxy.replay.replayer:Replayer._run_claimed"),
    ("checked", Reach.APPROVED, "after proxy.replay.preparation:Preparation.ready"),
    ("connected", Reach.APPROVED, "before proxy.replay.line:Line.cross"),
    ("witnessed", Reach.APPROVED, "before proxy.replay.line:Line._step"),
    ("sending", Reach.SENDING, "after proxy.replay.line:Line._step"),
    ("journaled", Reach.SENDING, "after proxy.replay.journal:Journal.record"),
    ("crossed", Reach.SENDING, "after proxy.replay.line:Line.cross"),
    ("answering", Reach.SENDING, "before proxy.replay.exchange:_read"),
    ("answered", Reach.SENDING, "before proxy.replay.replayer:Replayer._outcome"),
    ("stored", Reach.RECORDED, "after proxy.replay.replayer:Replayer._send"),
    ("told", Reach.RECORDED, "after proxy.keeping:Keeping.hand_out"),
)


def plant(when: Path) -> None:
    """From now on the process dies at the point whose spell is in the file `when`."""
    for step in {point.step for point in POINTS}:
        owner, name = find(step)
        setattr(owner, name, _deadly(getattr(owner, name), partial(_die, when, step)))


def _deadly(working: Callable[..., Any], at: Callable[[Moment], None]) -> Callable[..., Any]:
    async def later(*args: Any, **kwargs: Any) -> Any:
        at(Moment.BEFORE)
        result = await working(*args, **kwargs)
        at(Moment.AFTER)
        return result

    def now(*args: Any, **kwargs: Any) -> Any:
        at(Moment.BEFORE)
        result = working(*args, **kwargs)
        at(Moment.AFTER)
        return result

    return later if inspect.iscoroutinefunction(working) else now


def _die(when: Path, step: str, moment: Moment) -> None:
    try:
        armed = when.read_text() == f"{moment} {step}"
    except FileNotFoundError:
        return
    if armed:
        os.kill(os.getpid(), signal.SIGKILL)
