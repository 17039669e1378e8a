"""What is said about holds is kept whole, sealed, and bounded."""

import asyncio
from datetime import UTC, datetime

import pytest

from proxy.keys.seal import SealError
from proxy.talk.talk import Talk, TooMuch
from rules.hold import Event
from rules.talk import MOST_SAID, Kind, Said
from tests.proxy.console.world import World

AT = datetime(2026, 11, 23, tzinfo=UTC)


def said(text: str, kind: Kind = Kind.COMMENT) -> Said:
    """Somebody says something."""
    return Said(kind=kind, who="ada", at=AT, text=text)


async def test_what_is_said_at_once_is_all_kept(world: World) -> None:
    """Nobody's words are lost to somebody who was quicker."""
    hold, talk = await world.hold(), Talk(world.store, world.sealed)
    await asyncio.gather(*(talk.add(hold, said(str(number))) for number in range(6)))
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert sorted(one.text for one in await talk.about(found)) == list("012345")
    assert found.talk_count == 6


async def test_whether_its_agent_is_asked(world: World) -> None:
    """Until it has answered; the decision's clock does not care."""
    hold, talk = await world.hold(), Talk(world.store, world.sealed)
    asked = await talk.add(hold, said("why?", Kind.QUESTION))
    assert (asked.asked, asked.decide_by, asked.state) == (True, hold.decide_by, hold.state)
    assert (await talk.add(asked, said("hm"))).asked
    answered = await talk.add(asked, said("so", Kind.ANSWER))
    assert not answered.asked


async def test_said_twice_is_said_once(world: World) -> None:
    """Where that is wanted; a second click asks nothing anew."""
    hold, talk = await world.hold(), Talk(world.store, world.sealed)
    for _ in range(3):
        hold = await talk.add(hold, said("why?", Kind.QUESTION), again=True)
    assert len(await talk.about(hold)) == 1
    await talk.add(hold, said("why?", Kind.COMMENT), again=True)
    assert len(await talk.about(hold)) == 2


async def test_there_is_an_end(world: World) -> None:
    """Nobody fills the store with words."""
    hold, talk = await world.hold(), Talk(world.store, world.sealed)
    for number in range(MOST_SAID):
        hold = await talk.add(hold, said(str(number)))
    with pytest.raises(TooMuch):
        await talk.add(hold, said("more"))


async def test_what_was_altered_does_not_open(world: World) -> None:
    """Nor does another hold's talk in its place."""
    one, other = await world.hold(), await world.hold()
    talk = Talk(world.store, world.sealed)
    await talk.add(one, said("a"))
    sealed = await world.store.sealed(one.hold_id, part="talk")
    assert sealed is not None
    assert b"ada" not in sealed
    await world.spoil(other, "talk", sealed)
    with pytest.raises(SealError):
        await talk.about(other)


async def test_after_the_end(world: World) -> None:
    """People may still comment on what became of it."""
    hold, talk = await world.hold(), Talk(world.store, world.sealed)
    ended = await world.store.step(hold, Event.REJECT)
    assert (await talk.add(ended, said("sorry"))).state is ended.state
