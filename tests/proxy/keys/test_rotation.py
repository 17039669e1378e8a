"""Moving to another key while holds are made, approved and run: at no moment does one of them not open."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.credentials.sources.shelf import Kept, Shelf
from proxy.keys.keyring import Keyring
from proxy.keys.rotation import Rotation
from proxy.keys.sealed import Sealed
from proxy.keys.source import InFiles
from rules.action import Action
from rules.hold import Event, Hold, State
from rules.reply import Reply
from tests.proxy.console.world import ACTION, World

REPLY = Reply(status=201, phrase="Created", fields=(), body=b"ok")


@pytest.fixture
async def world(redis_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Give a domain whose key is in a file."""
    [key] = InFiles(folder=tmp_path).read()
    made = World.build(redis_url, key=key, folder=tmp_path)
    yield made
    await made.redis.aclose()


def rotation(world: World) -> Rotation:
    return world.reviewing().rotation


async def passes(world: World) -> dict[str, int]:
    """What one pass over all holds did."""
    total = {"looked": 0, "rewrapped": 0, "waiting": 0, "unopened": 0}
    cursor = 0
    while True:
        batch = await rotation(world).rewrap(cursor)
        total = {name: count + getattr(batch, name) for name, count in total.items()}
        cursor = batch.cursor
        if not cursor:
            return total


async def opened(world: World, hold: Hold, *, keys: list[bytes] | None = None) -> Action:
    """The action of a hold, read with `keys` alone."""
    sealed = world.sealed if keys is None else Sealed(Keyring(keys, domain=world.domain))
    found = await world.store.find(hold.hold_id)
    assert found is not None
    action = sealed.open_action(found, await world.store.sealed(hold.hold_id, part="sealed"))
    assert isinstance(action, Action)
    return action


async def time_left(world: World, hold: Hold) -> int:
    """Milliseconds until the hold is forgotten."""
    return int(await world.redis.pttl(f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}"))


async def without_data_key(world: World, state: State = State.PENDING) -> Hold:
    """A hold as the version before data keys has made it."""
    hold = replace(await world.hold(), key="")
    await world.redis.hdel(f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}", "key")
    made = world.sealed._close(hold, "action", ACTION.binding(), ACTION.body)
    await world.spoil(hold, "sealed", made)
    for event in {State.CLAIMED: (Event.APPROVE, Event.CLAIM)}.get(state, ()):
        hold = await world.store.step(hold, event)
    return hold


async def test_all_holds_move(world: World) -> None:
    """After it, the newest key alone opens every hold and every answer, in as many batches as it takes."""
    holds = [await world.hold() for _ in range(250)]
    holds.append(await world.settled(REPLY))
    before = {hold.hold_id: await time_left(world, hold) for hold in holds}
    await rotation(world).rotate()
    new = InFiles(folder=world.folder).read()[0]
    assert new != world.key
    assert await passes(world) == {"looked": 251, "rewrapped": 251, "waiting": 0, "unopened": 0}
    assert await passes(world) == {"looked": 251, "rewrapped": 0, "waiting": 0, "unopened": 0}
    for hold in holds:
        assert await opened(world, hold, keys=[new]) == ACTION
        left = await time_left(world, hold)
        assert left <= before[hold.hold_id], "rewrapping keeps nothing longer"
    found = await world.store.find(holds[-1].hold_id)
    assert found is not None
    answer = await world.store.sealed(found.hold_id, part="answer")
    assert Sealed(Keyring([new], domain=world.domain)).open_answer(found, answer) == REPLY


async def test_all_tokens_move(world: World) -> None:
    """Kept tokens go with the holds: afterwards the older key can be dropped."""
    kept = Kept(generation=1, text="t0ken", refresh="r")
    for name in ("bank", "mail"):
        assert await world.shelf.keep(name, kept)
    hold = await world.hold()
    await rotation(world).rotate()
    assert await passes(world) == {"looked": 3, "rewrapped": 3, "waiting": 0, "unopened": 0}
    assert await passes(world) == {"looked": 3, "rewrapped": 0, "waiting": 0, "unopened": 0}
    only = Keyring([InFiles(folder=world.folder).read()[0]], domain=world.domain)
    shelf = Shelf(world.redis, domain=world.domain, keyring=only)
    assert [await shelf.read(name) for name in ("bank", "mail")] == [kept, kept]
    assert await opened(world, hold, keys=[InFiles(folder=world.folder).read()[0]]) == ACTION


ROTATING = """
import asyncio, sys
from pathlib import Path
from tests.proxy.console.world import World

async def main(url, domain, folder):
    from proxy.keys.source import InFiles
    world = World.build(url, domain=domain, key=InFiles(folder=Path(folder)).read()[0], folder=Path(folder))
    world.sealed.keyring.replace(InFiles(folder=Path(folder)).read())
    rotation = world.reviewing().rotation
    while True:
        await rotation.rotate()
        print("rotated", flush=True)
        await rotation.rewrap(0)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_in_the_middle(world: World) -> None:
    """Whenever it is cut off: everything opens then, and with the newest key alone after one more pass."""
    names = [f"n{number}" for number in range(40)]
    for name in names:
        await world.shelf.keep(name, Kept(generation=1, text=name, refresh=f"{name}-r"))
    hold = await world.hold()
    for turns in (1, 2, 3):
        command = (sys.executable, "-c", ROTATING, world.url, world.domain, str(world.folder))
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(turns):
            assert await process.stdout.readline() == b"rotated\n"
        process.kill()
        await process.communicate()
        known = InFiles(folder=world.folder).read()
        everyone = Shelf(world.redis, domain=world.domain, keyring=Keyring(known, domain=world.domain))
        assert [(await everyone.read(name)).text for name in names] == names
        world.sealed.keyring.replace(known)
        assert (await passes(world))["unopened"] == 0
        newest = Shelf(world.redis, domain=world.domain, keyring=Keyring(known[:1], domain=world.domain))
        assert [(await newest.read(name)).refresh for name in names] == [f"{name}-r" for name in names]
        assert await opened(world, hold, keys=[known[0]]) == ACTION


async def test_nothing_is_unreadable_meanwhile(world: World) -> None:
    """Readers and writers go on through three rotations; what they hold in hand fits, early or late."""
    holds = [await world.hold() for _ in range(40)]
    done = asyncio.Event()

    async def use() -> int:
        used = 0
        while not done.is_set() or not used:
            holds.append(await world.hold())
            for hold in holds[-40:]:
                assert await opened(world, hold) == ACTION
                assert world.sealed.open_action(hold, await world.store.sealed(hold.hold_id, part="sealed"))
                used += 1
        return used

    async def rotate() -> None:
        for _ in range(3):
            await rotation(world).rotate()
            await passes(world)
        done.set()

    async with asyncio.TaskGroup() as tasks:
        using = tasks.create_task(use())
        tasks.create_task(rotate())
    assert using.result() > 0
    await passes(world)
    newest = InFiles(folder=world.folder).read()[0]
    for hold in holds:
        assert await opened(world, hold, keys=[newest]) == ACTION


async def test_holds_from_before_data_keys(world: World) -> None:
    """They open as they are, get a wrapped key when keys are rotated, and then open with the newest alone."""
    hold = await without_data_key(world)
    assert await opened(world, hold) == ACTION
    await rotation(world).rotate()
    assert await opened(world, hold) == ACTION
    assert (await passes(world))["rewrapped"] == 1
    assert await opened(world, hold, keys=[InFiles(folder=world.folder).read()[0]]) == ACTION
    assert world.sealed.open_action(hold, await world.store.sealed(hold.hold_id, part="sealed")) == ACTION


async def test_one_that_is_run_waits(world: World) -> None:
    """The worker that claimed it will seal the answer as the hold was then."""
    hold = await without_data_key(world, State.CLAIMED)
    await rotation(world).rotate()
    assert await passes(world) == {"looked": 1, "rewrapped": 0, "waiting": 1, "unopened": 0}
    await world.store.step(hold, Event.RELEASE, fence=hold.fence)
    assert (await passes(world))["rewrapped"] == 1


async def test_a_batch_that_was_cut_off(world: World) -> None:
    """A new pass finishes what an interrupted one has begun."""
    for _ in range(150):
        await world.hold()
    await rotation(world).rotate()
    first = await rotation(world).rewrap(0)
    assert first.cursor
    assert (await passes(world))["rewrapped"] == 150 - first.rewrapped


async def test_what_does_not_open_is_counted(world: World) -> None:
    """It is left as it is."""
    tampered, foreign, unreadable = [await world.hold() for _ in range(3)]
    await world.spoil(tampered, "key", b"00" * 68)
    other = Keyring([os.urandom(32)], domain=world.domain)
    wrapped = other.fresh(bound_to={"hold_id": foreign.hold_id, "digest": foreign.digest})
    await world.spoil(foreign, "key", wrapped.encode())
    await world.spoil(unreadable, "tier", b"9")
    await rotation(world).rotate()
    assert await passes(world) == {"looked": 3, "rewrapped": 0, "waiting": 0, "unopened": 3}


async def test_two_that_rewrap_at_once(world: World) -> None:
    """Only what was read is replaced."""
    hold = await world.hold()
    await rotation(world).rotate()
    key = world.sealed.rewrapped(hold, b"")
    assert key is not None
    assert await world.store.rewrap(hold, key) == "done"
    assert await world.store.rewrap(hold, key) == "changed"
    assert await world.store.rewrap(replace(hold, hold_id="gone"), key) == "missing"
    assert await opened(world, hold) == ACTION


async def test_the_next_key_can_be_brought_first(world: World) -> None:
    """Another sidecar of the domain knows the next key before anything is wrapped with it."""
    old = rotation(world).ids[0]
    await rotation(world).prepare()
    assert rotation(world).ids[0] == old
    assert len(rotation(world).ids) == 2
    other = World.build(world.url, domain=world.domain, key=world.key, folder=world.folder)
    source = InFiles(folder=world.folder)
    elsewhere = Sealed(Keyring([world.key], domain=world.domain, read=source.read))
    await rotation(world).rotate()
    hold = await world.hold()
    assert elsewhere.open_action(hold, await other.store.sealed(hold.hold_id, part="sealed")) == ACTION
    await other.redis.aclose()
