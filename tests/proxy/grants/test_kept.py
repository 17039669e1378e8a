"""Grants in a real store."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from proxy.grants import kept
from proxy.grants.kept import Grants, lapsed
from rules.granting.grant import CallGrant
from rules.hold import Event
from rules.reviewer import Reviewer
from rules.verdict import Tier
from tests.proxy.console.world import ACTION, World
from tests.rules.granting.test_grant import GRANT

ID = "01JZZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.fixture
async def world(redis_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Give an approval domain of its own."""
    made = World.build(redis_url, folder=tmp_path)
    yield made
    await made.redis.aclose()


def grant(world: World, name: str = ID, **changes: object) -> CallGrant:
    """A grant of now."""
    now = world.clock()
    return replace(GRANT, grant_id=name, at=now, until=now + timedelta(hours=1), **changes)  # type: ignore[arg-type]


async def test_it_is_kept_as_it_was_given(world: World) -> None:
    """With nothing of it to be read in the store, and an end for every key."""
    made = grant(world)
    assert await world.grants.add(made)
    found = await world.grants.find(ID)
    assert found is not None
    assert (found.grant, found.revoked, found.uses, found.left) == (made, "", (), 10)
    for key in await world.redis.keys(f"*{world.domain}*"):
        assert await world.redis.pttl(key) > 0
        assert b"notes" not in (await world.redis.dump(key) or b"")


async def test_the_list(world: World) -> None:
    """All of the last day, or those whose time is not over, the one that lasts longest first."""
    names = [ID[:-1] + letter for letter in "XYZ"]
    for minutes, name in enumerate(names, start=1):
        made = grant(world, name)
        await world.grants.add(replace(made, until=made.at + timedelta(minutes=minutes)))
    later = world.clock() + timedelta(minutes=2, seconds=30)
    assert [one.grant.grant_id for one in await world.grants.all(now=world.clock())] == names[::-1]
    assert [one.grant.grant_id for one in await world.grants.all(now=later, standing=True)] == names[2:]
    assert await world.grants.all(now=later + timedelta(days=2)) == []


async def test_there_is_an_end_to_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as are listed, and no more."""
    monkeypatch.setattr(kept, "MOST_KEPT", 1)
    assert await world.grants.add(grant(world))
    assert not await world.grants.add(grant(world, ID[:-1] + "A"))
    assert not await replace(world.grants, signer=None).add(grant(world, ID[:-1] + "B"))


async def test_what_spending_says(world: World) -> None:
    """Every way in which there is no use left, and the store's word where the file has none."""
    made, hold, now = grant(world, count=2), await world.hold(tier=Tier.EXTERNAL), world.clock()
    assert await world.grants.spend(made, hold, now=now) == "gone"
    await world.grants.add(made)

    async def said(of: Grants) -> str:
        return await of.spend(made, hold, now=now)

    def fresh(name: str) -> Grants:
        return replace(world, folder=world.folder / name).grants

    assert await said(fresh("a")) == "done"
    assert await said(fresh("a")) == "spent"
    assert await said(fresh("b")) == "again"
    other = await world.hold(tier=Tier.EXTERNAL)
    assert await fresh("c").spend(made, other, now=now) == "done"
    third = await world.hold(tier=Tier.EXTERNAL)
    assert await fresh("d").spend(made, third, now=now) == "spent"
    await world.store.kill("stop")
    assert await fresh("e").spend(made, third, now=now) == "killed"
    await world.store.kill(None)
    found = await world.grants.find(ID)
    assert found is not None
    assert found.left == 0
    assert await world.grants.revoke(found, who="bob")
    assert not await world.grants.revoke(found, who="ada")
    assert await fresh("f").spend(made, third, now=now) == "revoked"
    found = await world.grants.find(ID)
    assert found is not None
    assert found.revoked == "bob"


@pytest.mark.parametrize("name", ["", "x", "../kill", ID + "X", "*"])
async def test_names_that_are_none(world: World, name: str) -> None:
    """The store is not asked."""
    assert await world.grants.find(name) is None


async def test_a_broken_file_takes_every_grant_back(world: World) -> None:
    """Nobody knows which of them were."""
    await world.grants.add(grant(world))
    (world.folder / "grants").mkdir(mode=0o700)
    (world.folder / "grants" / "grants.json").write_text("{")
    found = await world.grants.find(ID)
    assert found is not None
    assert found.revoked == "somebody"


async def test_a_persons_own_decision_needs_none(world: World) -> None:
    """Whether or not anything is known of grants."""
    hold = await world.hold()
    fields = world.reviewing().decision(hold, Event.APPROVE, who=Reviewer(name="ada"), reason="")
    hold = await world.store.step(hold, Event.APPROVE, fields=fields)
    verifier = world.reviewing().verifier
    for grants in (None, world.grants):
        assert await lapsed(grants, hold, ACTION, verifier=verifier, ruleset=world.ruleset) is None
