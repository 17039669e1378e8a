"""Each point once, each way to fail over once: nothing doubled, nothing lost."""

import asyncio
import inspect
from pathlib import Path

import pytest

from tests.acceptance.planted import find
from tests.crash import __main__ as command
from tests.crash import failover
from tests.crash.lane import Kind, Result
from tests.crash.points import POINTS, Moment, Reach

_LANES = 4


@pytest.mark.parametrize("step", sorted({point.step for point in POINTS}))
def test_steps_exist(step: str) -> None:
    """The table names functions that are there."""
    assert callable(getattr(*find(step)))


def test_the_table_follows_a_call() -> None:
    """Twenty points, from a parsed request to a told agent, none of them twice."""
    assert len(POINTS) == 20
    assert len({point.spell for point in POINTS}) == len({point.name for point in POINTS}) == 20
    assert [point.reach for point in POINTS] == sorted(point.reach for point in POINTS)
    before = [point for point in POINTS if point.moment is Moment.AFTER and point.reach is Reach.SENDING]
    assert len(before) == 3
    assert not inspect.iscoroutinefunction(getattr(*find("proxy.replay.journal:Journal.record")))


def test_every_point_is_documented() -> None:
    """In the order of the way, and no others."""
    page = (Path(__file__).parents[2] / "docs" / "operate.md").read_text()
    table = page.partition("| point | the process dies | afterwards |")[2].partition("\n\n")[0]
    names = [line.split("`")[1] for line in table.splitlines() if "`" in line]
    assert names == [point.name for point in POINTS]


@pytest.mark.acceptance
@pytest.mark.timeout(900)
def test_every_point_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the upstream promises where the request may have left; elsewhere it makes no difference."""
    kinds = {point: [*Kind] if point.reach is Reach.SENDING else [Kind.PLAIN] for point in POINTS}
    runs = [(point, kind, n) for n, (point, each) in enumerate(kinds.items()) for kind in each]
    score = command.Score.resumed(None)
    asyncio.run(command.kill(tmp_path, runs, score, lanes=_LANES))
    said = capsys.readouterr().err
    assert len(score.done) == len(runs)
    assert (score.sum("duplicates"), score.sum("lost")) == (0, 0), said
    unknown = {name for name, result in score.done.items() if result.unknown}
    assert unknown == {f"{p.name} plain {n}" for n, p in enumerate(POINTS) if p.reach is Reach.SENDING}


@pytest.mark.acceptance
@pytest.mark.timeout(600)
def test_every_failover_once(tmp_path: Path) -> None:
    """Confirmed steps survive, unconfirmed ones send nothing, and what only the journal knows is unknown."""
    found: dict[str, Result] = {}
    asyncio.run(failover.run(tmp_path, range(len(failover.Mode)), found.__setitem__))
    assert [note for result in found.values() for note in result.notes] == []
    assert len(found) == len(failover.Mode)
    assert sum(result.duplicates + result.lost for result in found.values()) == 0


def test_results_are_kept_and_resumed(tmp_path: Path) -> None:
    """What an earlier call has found counts, and is not done again."""
    file = tmp_path / "results"
    score = command.Score.resumed(file)
    score.add("parsed plain 0", Result(unknown=1))
    score.add("told keyed 0", Result(duplicates=2, notes=["twice"]))
    again = command.Score.resumed(file)
    assert again.done == score.done
    assert (again.sum("duplicates"), again.sum("unknown")) == (2, 1)
