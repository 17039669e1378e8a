"""What an agent is told of its hold besides how it stands."""

from dataclasses import asdict, replace
from datetime import UTC, datetime

from proxy.talk.beside import Besides
from proxy.talk.talk import Talk
from rules.drift.difference import Change
from rules.hold import Event
from rules.talk import EDIT, NOTHING, Beside, Kind, Said
from tests.proxy.console.world import World

WHY = Said(kind=Kind.QUESTION, who="ada", at=datetime(2026, 11, 23, tzinfo=UTC), text="why?")


async def test_nothing_is_to_be_told(world: World) -> None:
    """Of most holds; comments are for people."""
    hold, besides = await world.hold(), Besides(world.store, world.sealed)
    assert await besides.of(hold) == NOTHING
    hold = await Talk(world.store, world.sealed).add(hold, replace(WHY, kind=Kind.COMMENT))
    assert await besides.of(hold) == NOTHING


async def test_what_it_is_asked(world: World) -> None:
    """While it can be answered."""
    hold, besides = await world.hold(), Besides(world.store, world.sealed)
    hold = await Talk(world.store, world.sealed).add(hold, WHY)
    assert await besides.of(hold) == Beside(question="why?")
    ended = await world.store.step(hold, Event.REJECT)
    assert await besides.of(ended) == NOTHING


async def test_what_was_changed(world: World) -> None:
    """Whatever became of it; what does not open is not told."""
    hold, besides = await world.hold(), Besides(world.store, world.sealed)
    change = Change(path="amount", before="90", after="9")
    await world.spoil(hold, EDIT, world.sealed.close_part(hold, EDIT, [asdict(change)]))
    assert await besides.of(hold) == NOTHING
    await world.spoil(hold, "edited_by", b"ada")
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert await besides.of(found) == NOTHING  # it was not sealed for a changed hold
