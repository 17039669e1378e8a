"""Asking again: a new hold of the same action over the state of now."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from proxy.agent import Agent
from proxy.drift.again import Again, Hopeless
from proxy.keeping import Keeping
from proxy.signals import Signals
from rules.action import Action, Principal
from rules.drift.image import Image
from rules.drift.read import reads
from rules.hold import Hold, State
from rules.normalize import normalize
from rules.ruleset import Ruleset
from rules.verdict import Refusal, Tier
from tests.acceptance.authority import Authority
from tests.proxy.replays import Replays, action_to, replaying, rules
from tests.proxy.rest import Rest, rest

PATH = "/items/7"
FORBIDDEN = "version: 1\nrules:\n  - {id: no, match: {host: localhost, method: PUT}, forbidden: true}\n"
HIGHER = "version: 1\nrules:\n  - {id: up, match: {host: localhost, method: PUT}, tier: 4}\n"


@pytest.fixture
def server(authority: Authority) -> Iterator[Rest]:
    """Run a server that has an item."""
    with rest(authority.issue()) as server:
        server.set(PATH, '{"name": "a"}')
        yield server


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A replayer, and a reviewer who may ask again."""

    replays: Replays
    again: Again
    action: Action

    async def drifted(self, server: Rest, *, tier: Tier = Tier.HIGH_RISK) -> Hold:
        """A hold that was refused because the item had changed."""
        call = normalize(self.action.message())
        assert not isinstance(call, Refusal)
        hold = await self.replays.world.hold(self.action, tier=tier, probed=True)
        await self.replays.replayer.snapshots.take(hold, self.action, reads(call), live=None)
        server.set(PATH, '{"name": "changed"}')
        ended = await self.replays.replayer.run(await self.replays.world.approve(hold))
        assert ended.state is State.DRIFT_REFUSED
        return ended


@asynccontextmanager
async def asking(
    url: str, authority: Authority, server: Rest, ruleset: Callable[[], Ruleset] = rules
) -> AsyncIterator[Asking]:
    """Everything that asking again needs."""
    async with replaying(url, authority) as replays:
        agent = Agent(principal=Principal(agent="another"), secret_headers=frozenset(), key=b"k" * 32)
        yield Asking(
            replays=replays,
            again=Again(
                keeping=Keeping(
                    agent=agent,
                    store=replays.store,
                    sealed=replays.world.sealed,
                    signals=Signals(replays.store, replays.world.metrics),
                    metrics=replays.world.metrics,
                ),
                snapshots=replays.replayer.snapshots,
                ruleset=ruleset,
            ),
            action=action_to(server.port, target=PATH, method="PUT"),
        )


async def test_a_new_hold_over_the_state_of_now(redis_url: str, authority: Authority, server: Rest) -> None:
    """Same action, new id, key and snapshot; it waits for a decision, and runs; the old one stays."""
    async with asking(redis_url, authority, server) as desk:
        old = await desk.drifted(server)
        new = await desk.again.ask(old)
        assert new.state is State.PENDING
        assert new.hold_id != old.hold_id
        assert new.idempotency_key != old.idempotency_key
        assert (new.digest, new.fingerprint, new.tier) == (old.digest, old.fingerprint, old.tier)
        shots = await desk.replays.replayer.snapshots.shots.before(new)
        assert shots is not None
        assert isinstance(shots[0].shown, Image)
        assert shots[0].shown.text == '{"name": "changed"}'
        ran = await desk.replays.replayer.run(await desk.replays.world.approve(new))
        assert ran.state is State.EXECUTED
        assert (await desk.replays.found(old)).state is State.DRIFT_REFUSED
    assert server.count("PUT") == 1


async def test_asking_twice_makes_one_hold(redis_url: str, authority: Authority, server: Rest) -> None:
    """Two reviewers, or one and the agent, mean the same call."""
    async with asking(redis_url, authority, server) as desk:
        old = await desk.drifted(server)
        both = await asyncio.gather(desk.again.ask(old), desk.again.ask(old))
        assert len({hold.hold_id for hold in both}) == 1


async def test_what_is_forbidden_since(redis_url: str, authority: Authority, server: Rest) -> None:
    """No hold is made of what nobody could approve."""
    async with asking(redis_url, authority, server, ruleset=lambda: rules(FORBIDDEN)) as desk:
        old = await desk.drifted(server)
        with pytest.raises(Hopeless):
            await desk.again.ask(old)
        assert len(await desk.replays.store.list()) == 1


async def test_a_higher_tier_of_now_counts(redis_url: str, authority: Authority, server: Rest) -> None:
    """The new hold is never milder than the old one, and stricter where the rules are."""
    async with asking(redis_url, authority, server, ruleset=lambda: rules(HIGHER)) as desk:
        new = await desk.again.ask(await desk.drifted(server, tier=Tier.EXTERNAL))
        assert (new.tier, new.rule) == (Tier.HIGH_RISK, "up")
    async with asking(redis_url, authority, server) as desk:
        server.set(PATH, '{"name": "a"}')
        new = await desk.again.ask(await desk.drifted(server))
        assert (new.tier, new.rule) == (Tier.HIGH_RISK, "pay")


async def test_an_action_that_no_longer_reads(redis_url: str, authority: Authority, server: Rest) -> None:
    """What the gate would refuse today has no hold."""
    async with asking(redis_url, authority, server) as desk:
        odd = replace(desk.action, target="/a//b")
        with pytest.raises(Hopeless, match="empty segment"):
            await desk.again.ask(await desk.replays.world.hold(odd))
