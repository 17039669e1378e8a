"""Tests of the board: as current as the store's announcements, and never more sure than they allow."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy.console.reading.board import Board
from proxy.store.store import Store
from rules.hold import Event, Hold, State
from tests.proxy.console.world import World
from tests.proxy.redis_child import eventually


@pytest.fixture
async def board(world: World) -> AsyncIterator[Board]:
    """Give one whose signals listen."""
    made = Board(world.store, world.signals)
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(world.signals.listen())

        async def heard() -> bool:
            await made.unended()
            return made._changed.take() is not None

        await eventually(heard, what="a line to the store")
        yield made
        listening.cancel()


class Reads:
    """Counts which holds are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ids: list[str] = []
        several = Store.several

        async def counting(store: Store, ids: list[str]) -> object:
            self.ids += ids
            return await several(store, ids)

        monkeypatch.setattr(Store, "several", counting)


def _ids(holds: object) -> list[str]:
    assert isinstance(holds, list)
    return [hold.hold_id for hold in holds]


async def test_each_hold_is_read_once(world: World, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is looked at, until it changes."""
    reads, holds = Reads(monkeypatch), [await world.hold() for _ in range(3)]
    assert _ids(await board.unended()) == _ids(holds)
    seen = list(reads.ids)
    assert _ids(await board.unended()) == _ids(holds)
    assert _ids(await board.newest(limit=2)) == _ids(holds[:0:-1])
    assert reads.ids == seen


async def test_what_ends_leaves_and_what_comes_is_there(world: World, board: Board) -> None:
    """The ids are the store's own of now; what they name follows at its announcement."""
    first, second = await world.hold(), await world.hold()
    assert _ids(await board.unended()) == _ids([first, second])
    await world.store.step(first, Event.REJECT)
    assert _ids(await board.unended()) == [second.hold_id]

    async def told() -> bool:
        return [hold.state for hold in await board.newest(limit=2)] == [State.PENDING, State.REJECTED]

    await eventually(told, what="the rejection on the board")


async def test_without_a_line_nothing_is_taken_for_known(world: World) -> None:
    """What could have changed unheard is read again."""
    board, hold = Board(world.store, world.signals), await world.hold()
    assert _ids(await board.unended()) == [hold.hold_id]
    await world.approve(hold)
    assert [one.state for one in await board.unended()] == [State.APPROVED]


async def test_holds_of_before_are_found(world: World, board: Board) -> None:
    """Versions that did not note what may still change left holds that have to be decided."""
    hold, ended = await world.hold(), await world.hold()
    await world.store.step(ended, Event.REJECT)
    await world.redis.delete(f"{{sidegate:{world.domain}}}:unended")
    assert _ids(await board.unended()) == []
    await board.begin()
    assert _ids(await board.unended()) == [hold.hold_id]


async def test_a_wrong_note_is_put_right(world: World, board: Board) -> None:
    """A hold that ended while it was noted stays in nobody's way."""
    hold = await world.hold()
    await world.store.step(hold, Event.REJECT)
    await world.store.note_unended([hold])
    assert _ids(await board.unended()) == []
    assert await world.store.unended() == []


async def test_a_hold_that_cannot_be_read_hides_no_other(world: World, board: Board) -> None:
    """Each fails for itself."""
    holds: list[Hold] = [await world.hold() for _ in range(2)]
    await world.spoil(holds[0], "tier", b"nine")
    assert _ids(await board.unended()) == [holds[1].hold_id]
