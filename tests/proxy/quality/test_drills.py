"""How drills come among the holds, and the two locks that keep them from running."""

import asyncio
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from proxy.drift.shots import SNAPSHOT, Shots
from proxy.keys.sealed import Sealed
from proxy.quality.drills import Drills
from proxy.store import store as store_module
from proxy.store.deadlines import Deadlines
from proxy.store.events import START, Events
from proxy.store.store import Refused
from rules.action import Action
from rules.drift.image import Image
from rules.drift.read import Read, Subject
from rules.drift.reference import Place
from rules.drift.shot import Shot
from rules.drill.drill import Kind, Mutation
from rules.hold import Event, Hold, State
from rules.mcp.action import ToolAction
from rules.reviewer import Reviewer
from tests.acceptance.upstream import Upstream
from tests.proxy.console.world import World
from tests.proxy.redis_child import eventually
from tests.proxy.replays import Replays, action_to, rules

BODY = b'{"amount": 7, "to": "DE02120300000000202051", "memo": "Invoice 7"}'
_LOCK = "if runs and field('drill') then return answer('drill') end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where drills are made."""

    replays: Replays
    drills: Drills
    source: Action

    @property
    def world(self) -> World:
        """The store and what opens its contents."""
        return self.replays.world

    async def drill(self) -> Hold:
        """One that waits."""
        for _ in range(20):
            if made := await self.drills.make(secrets.token_hex(13)):
                return made
        raise AssertionError("no drill could be made")

    async def forced(self, drill: Hold) -> Hold:
        """The drill, approved by somebody who has both the store and the console's key in hand."""
        said = self.world.reviewing().decision(drill, Event.APPROVE, who=Reviewer(name="ada"), reason="")
        run_by = str(int((drill.created_at + timedelta(hours=1)).timestamp() * 1000)).encode()
        for name, value in {**said, "state": b"approved", "run_by": run_by}.items():
            await self.world.spoil(drill, name, value)
        return await self.replays.found(drill)


def ground_of(replays: Replays, source: Action, **changes: Any) -> Ground:
    """What makes drills on the domain of `replays`."""
    drills = Drills(keeping=replays.world.keeping, ruleset=rules, rate=1.0, most=3)
    return Ground(replays=replays, drills=replace(drills, **changes), source=source)


@pytest.fixture
async def ground(replays: Replays, upstream: Upstream) -> Ground:
    """Give one with a call that ran."""
    source = action_to(upstream.port, body=BODY)
    assert (await replays.ran(source)).state is State.EXECUTED
    return ground_of(replays, source)


def unmarked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the lock in the sealed action: nobody reads the mark."""
    whole = Sealed.open_action

    def open_action(self: Sealed, hold: Hold, sealed: bytes | None) -> Action | ToolAction:
        return replace(whole(self, hold, sealed), drill=False)

    monkeypatch.setattr(Sealed, "open_action", open_action)


def unlocked(monkeypatch: pytest.MonkeyPatch, ground: Ground) -> None:
    """Break the lock in the store: its script lets drills go on."""
    source = store_module._SCRIPT
    assert source.count(_LOCK) == 1
    script = ground.world.redis.register_script(source.replace(_LOCK, ""))
    monkeypatch.setattr(ground.world.store, "_script", script)


async def test_the_store_refuses_to_run_one(
    ground: Ground, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody reads the mark in the action."""
    unmarked(monkeypatch)
    drill = await ground.forced(await ground.drill())
    with pytest.raises(Refused) as refused:
        await ground.replays.replayer.run(drill)
    assert refused.value.why == "drill"
    assert len(upstream.executed) == 1


@pytest.mark.parametrize("event", [Event.APPROVE, Event.CLAIM, Event.SEND, Event.RESEND, Event.RETRY])
async def test_no_step_leads_one_on(ground: Ground, event: Event) -> None:
    """Whatever the state says that somebody has written."""
    drill = await ground.drill()
    states = {Event.CLAIM: b"approved", Event.SEND: b"claimed", Event.APPROVE: b"pending"}
    await ground.world.spoil(drill, "state", states.get(event, b"outcome_unknown"))
    with pytest.raises(Refused) as refused:
        await ground.world.store.step(await ground.replays.found(drill), event)
    assert refused.value.why == "drill"


async def test_the_replayer_refuses_to_run_one(
    ground: Ground, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the store's script lets it go on."""
    unlocked(monkeypatch, ground)
    drill = await ground.forced(await ground.drill())
    ran = await ground.replays.replayer.run(drill)
    assert ran.state is State.DRIFT_REFUSED
    assert "it is a drill" in ran.note
    assert len(upstream.executed) == 1
    assert ground.replays.count("sidegate_integrity_failures_total") == 1


async def test_a_mark_that_was_taken_off(
    ground: Ground, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it in the store nothing of the hold opens, so that it is not run either."""
    unmarked(monkeypatch)
    drill = await ground.drill()
    await ground.world.redis.hdel(f"{{sidegate:{ground.world.domain}}}:hold:{drill.hold_id}", "drill")
    ran = await ground.replays.replayer.run(await ground.forced(await ground.replays.found(drill)))
    assert ran.state is State.DRIFT_REFUSED
    assert "integrity" in ran.note
    assert len(upstream.executed) == 1


async def test_without_either_lock_it_would_run(
    ground: Ground, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is the locks that the tests before this one see."""
    unlocked(monkeypatch, ground)
    unmarked(monkeypatch)
    drill = await ground.forced(await ground.drill())
    assert (await ground.replays.replayer.run(drill)).state is State.EXECUTED
    assert len(upstream.executed) == 2


async def test_it_looks_like_a_hold(ground: Ground) -> None:
    """Its own keys and times; rule, reason and window as its source has them; one member differs."""
    drill = await ground.drill()
    action = await ground.world.reviewing().action(drill)
    assert isinstance(action, Action)
    assert action.drill
    assert replace(action, drill=False, body=ground.source.body, fields=ground.source.fields) == ground.source
    assert action.body != ground.source.body
    assert (drill.state, drill.rule, drill.reason, drill.attempts) == (State.PENDING, "pay", "moves money", 1)
    assert len(drill.fingerprint) == len(drill.digest) == 64


async def test_its_agent_has_no_such_hold(ground: Ground) -> None:
    """Whoever guesses its id is told nothing of it."""
    drill = await ground.drill()
    assert await ground.drills.keeping.own(drill.hold_id) is None


async def test_no_more_than_so_many_wait(ground: Ground) -> None:
    """An answer, or the end of its time, makes room."""
    drills = [await ground.drill() for _ in range(3)]
    assert await ground.drills.make(secrets.token_hex(13)) is None
    ended = await ground.world.store.step(drills[0], Event.DRILL)
    assert ended.state is State.DRILLED
    drills.append(await ground.drill())
    world = ground.world
    await world.spoil(drills[1], "decide_by", b"1000")
    await world.redis.zadd(f"{{sidegate:{world.domain}}}:deadlines", {drills[1].hold_id: 1})
    await Deadlines(store=world.store, metrics=world.metrics).sweep()
    assert (await ground.replays.found(drills[1])).state is State.EXPIRED
    assert await ground.drill()


async def test_none_while_the_kill_switch_is_on(ground: Ground) -> None:
    """It is no time for exercises."""
    await ground.world.store.kill("ada: incident")
    for _ in range(10):
        assert await ground.drills.make(secrets.token_hex(13)) is None
    await ground.world.store.kill(None)
    assert await ground.drill()


async def test_nothing_of_which_one_could_be_made(replays: Replays, upstream: Upstream) -> None:
    """What waits is no source, nor is a drill, nor the very hold that it would follow."""
    ground = ground_of(replays, action_to(upstream.port, body=BODY))
    held = await replays.world.hold(ground.source)
    assert await ground.drills.make(secrets.token_hex(13)) is None
    ran = await replays.replayer.run(await replays.world.approve(held))
    assert await ground.drills.make(ran.hold_id) is None
    assert await ground.drill()


async def test_twins_are_made_of_what_ran_alone(replays: Replays, upstream: Upstream) -> None:
    """Of what a person rejected, another one would be no harmless call."""
    ground = ground_of(replays, action_to(upstream.port, body=BODY))
    held = await replays.world.hold(ground.source)
    await replays.store.step(held, Event.REJECT)
    kinds = {(await ground.drill()).drill for _ in range(3)}
    assert {mark.kind for mark in kinds if mark} == {Kind.VIOLATION}


async def test_the_same_seed_makes_the_same_drill(ground: Ground) -> None:
    """Which kind, of what and how follows from the key and the hold that it comes after."""
    after = secrets.token_hex(13)
    made = []
    for _ in range(2):
        drill = await ground.drills.make(after)
        assert drill is not None
        made.append((drill.drill, (await ground.world.reviewing().action(drill)).body))
    assert made[0] == made[1]


async def test_what_was_read_is_shown_again(replays: Replays, upstream: Upstream) -> None:
    """Without asking the upstream; of another place than was read, nothing is shown."""
    source = action_to(
        upstream.port, target="/things/7", body=b'{"amount": 7, "to": "DE021203"}', method="PUT"
    )
    place = Place(scheme="https", host="localhost", port=upstream.port, target="/things/7")
    shot = Shot(
        read=Read(subject=Subject.RESOURCE, place=place),
        shown=Image(there=True, text='{"amount": 1}', sha256="0" * 64),
    )
    hold = await replays.world.hold(source, probed=True)
    assert await Shots(replays.store, replays.world.sealed).keep(hold, [shot])
    await replays.store.step(hold, Event.REJECT)
    drill = await ground_of(replays, source).drill()
    assert await Shots(replays.store, replays.world.sealed).before(drill) == (shot,)
    assert await replays.store.sealed(drill.hold_id, part=SNAPSHOT)
    assert upstream.connections == 0
    # Whoever is told of changes is told of as many, one after the other.
    assert (await _steps(replays, hold))[:2] == await _steps(replays, drill)


async def _steps(replays: Replays, hold: Hold) -> list[tuple[object, ...]]:
    """What the log says of a hold."""
    changes = (await Events(replays.store).after(START)).found
    return [(one.state, one.was, one.attempts, one.event) for one in changes if one.hold_id == hold.hold_id]


async def test_a_wider_deletion_shows_nothing_read(replays: Replays, upstream: Upstream) -> None:
    """What stands there now was never read."""
    source = action_to(upstream.port, target="/things/7", body=b"", method="DELETE", fields=())
    source = replace(source, fields=((b"Host", b"localhost:%d" % upstream.port),))
    place = Place(scheme="https", host="localhost", port=upstream.port, target="/things/7")
    shot = Shot(read=Read(subject=Subject.RESOURCE, place=place), shown=Image(there=True, text="7"))
    hold = await replays.world.hold(source, probed=True)
    assert await Shots(replays.store, replays.world.sealed).keep(hold, [shot])
    await replays.store.step(hold, Event.REJECT)
    drill = await ground_of(replays, source).drill()
    assert drill.drill is not None
    assert drill.drill.mutation is Mutation.WIDER
    shown = await Shots(replays.store, replays.world.sealed).before(drill)
    assert shown is not None
    assert [(one.read.place.target, type(one.shown)) for one in shown] == [("/things", str)]
    assert upstream.connections == 0


async def test_what_drills_follow(ground: Ground) -> None:
    """The configured fraction of new calls, and never more than a few at once."""
    hold = await ground.world.hold(ground.source)
    ground_of(ground.replays, ground.source, rate=0.0).drills.opened(hold, new=True)
    ground.drills.opened(hold, new=False)
    ground.drills.opened(replace(hold, supersedes="another"), new=True)
    assert ground.drills._due.empty()
    for _ in range(100):
        ground.drills.opened(hold, new=True)
    assert ground.drills._due.qsize() == 16


async def test_no_drill_follows_a_drill(ground: Ground) -> None:
    """The store tells of each hold alike."""
    ground.world.store.told.append(ground.drills)
    await ground.world.hold(ground.source)
    assert ground.drills._due.qsize() == 1
    await ground.drill()
    assert ground.drills._due.qsize() == 1


async def test_when_it_comes(ground: Ground) -> None:
    """At any moment within the configured time, which follows from the hold that it comes after."""
    drills = replace(ground.drills, within=timedelta(minutes=10))
    holds = [secrets.token_hex(13) for _ in range(200)]
    pauses = [drills.pause(after) for after in holds]
    assert pauses == [drills.pause(after) for after in holds]
    assert 0 <= min(pauses) < 60
    assert 540 < max(pauses) <= 600
    assert len(set(pauses)) == len(pauses)


async def test_one_that_is_due_is_made(ground: Ground) -> None:
    """Whoever holds the call does nothing for it."""
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(ground.drills.watch())
        ground.drills.opened(await ground.world.hold(ground.source), new=True)
        await eventually(lambda: _made(ground), what="a drill")
        watching.cancel()


async def test_one_that_is_not_due_waits(ground: Ground) -> None:
    """While others are made."""
    late = ground_of(ground.replays, ground.source, within=timedelta(days=1)).drills
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(late.watch())
        late.opened(await ground.world.hold(ground.source), new=True)
        await eventually(lambda: _taken(late), what="its turn")
        for _ in range(2):
            await ground.drill()
        watching.cancel()
    assert _injected(ground) == 2


async def _taken(drills: Drills) -> bool:
    return drills._due.empty()


async def _made(ground: Ground) -> bool:
    return _injected(ground) > 0


def _injected(ground: Ground) -> float:
    return sum(ground.replays.count("sidegate_drills_injected_total", kind=kind) for kind in Kind)
