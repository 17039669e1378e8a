"""Somebody writes into the store of a hold that a reviewer has changed, asked about and looks at."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.console.deciding.deciding import Deciding
from proxy.console.deciding.editing import Editing
from proxy.console.deciding.talking import Talking
from proxy.console.reading.seen import Named
from proxy.talk.talk import Talk
from rules.hold import Event, Hold
from rules.reviewer import Reviewer
from rules.talk import Kind, Said
from tests.acceptance.authority import Authority
from tests.proxy.test_tampering import LATER, Scene, a_scene, mutations
from tests.rules.calls import compiled

ADA = Reviewer(name="ada")
LESS = {"amount": 1}
SEALED = ("edited_by", "generation", "supersedes")
"""Bound into the seal: with another word in them nothing opens."""
HARMLESS = ("edit", "talk", "talk_count", "asked", "watched_by", "watched_until")
"""What people see of it; the approved action runs as it was approved, or not at all."""


@pytest.fixture
async def scene(redis_url: str, authority: Authority) -> AsyncIterator[Scene]:
    """Give a new scene."""
    async with a_scene(redis_url, authority) as made:
        world = replace(made.replays.world, ruleset=compiled("rules: []"))
        yield replace(made, replays=replace(made.replays, world=world))


async def changed(scene: Scene) -> Hold:
    """A hold that was changed, asked about, looked at and approved."""
    world = scene.replays.world
    reviewing, hold = world.reviewing(), await world.hold(scene.action)
    made = await Editing(reviewing).apply(hold.hold_id, {"amount": 1}, who=ADA, digest=hold.digest)
    await Talking(reviewing).ask(made.hold_id, who=ADA, question="why?")
    await Talking(reviewing).watch(made.hold_id, who=ADA)
    asked = await scene.replays.found(made)
    answer = Said(kind=Kind.ANSWER, who="", at=datetime.now(UTC), text="so")
    await Talk(world.store, world.sealed).add(asked, answer)
    unnamed = Named(preview=None, viewed=frozenset())
    return await Deciding(reviewing).approve(made.hold_id, who=ADA, digest=made.digest, named=unnamed)


async def run(scene: Scene, hold: Hold) -> int:
    """Let the worker have it; how often it ran, as it was changed."""
    await scene.worker._run(hold.hold_id)
    assert all(json.loads(one.body) == LESS for one in scene.upstream.executed)
    return len(scene.upstream.executed)


async def test_untouched_it_runs_as_it_was_changed(scene: Scene) -> None:
    """Once, and the old one never."""
    hold = await changed(scene)
    assert await run(scene, hold) == 1
    await scene.write(replace(hold, hold_id=hold.supersedes), {"state": b"approved", "run_by": LATER})
    await scene.worker._run(hold.supersedes)
    assert await run(scene, hold) == 1


@pytest.mark.parametrize("field", [*SEALED, *HARMLESS])
async def test_one_byte_and_all_of_it(scene: Scene, field: str) -> None:
    """Nothing runs but what was approved."""
    value = (await scene.fields(await changed(scene)))[field]
    for changing in [*mutations(value)[:3], None]:
        hold, before = await changed(scene), len(scene.upstream.executed)
        await scene.write(hold, {field: changing})
        assert await run(scene, hold) - before <= (field in HARMLESS)


async def test_a_superseded_hold_is_given_the_new_ones_approval(scene: Scene) -> None:
    """With everything that belongs to it."""
    hold = await changed(scene)
    copied = await scene.fields(hold)
    names = ("state", "run_by", "decided_by", "decision_reason", "decision", "fence", "digest")
    old = replace(hold, hold_id=hold.supersedes)
    await scene.write(old, {name: copied[name] for name in names})
    await scene.worker._run(old.hold_id)
    assert scene.upstream.executed == []


async def test_an_approval_of_before_the_change(scene: Scene) -> None:
    """The changed one is not what that approved."""
    world = scene.replays.world
    hold = await world.hold(scene.action)
    earlier = world.reviewing().decision(hold, Event.APPROVE, who=ADA, reason="")
    made = await Editing(world.reviewing()).apply(hold.hold_id, {"amount": 1}, who=ADA, digest=hold.digest)
    await scene.write(made, {"state": b"approved", "run_by": LATER, **earlier})
    assert await run(scene, made) == 0
