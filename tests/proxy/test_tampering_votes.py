"""Somebody writes into the store of a hold that two people have to approve: it runs on both words or not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from proxy.console.deciding.deciding import Deciding
from proxy.console.reading.seen import Named
from proxy.keys.signing import Signer
from proxy.replay.worker import Worker
from proxy.signals import Signals
from rules.hold import Event, Hold, State
from rules.reviewer import Reviewer
from rules.ruleset import Ruleset
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.replays import replaying, rules
from tests.proxy.test_tampering import LATER, Scene, mutations

ADA, BOB, CLEO = (Reviewer(name=name) for name in ("ada", "bob", "cleo"))
_PAY = "version: 1\nrules: [{{id: pay, match: {{host: localhost, path: /pay}}, tier: 4, quorum: {quorum}}}]\n"
_UNNAMED = Named(preview=None, viewed=frozenset())


@dataclass(slots=True)
class Asked:
    """The rules of now, which may change while a hold waits."""

    ruleset: Ruleset = field(default_factory=lambda: rules(_PAY.format(quorum=2)))

    def __call__(self) -> Ruleset:
        """Give them."""
        return self.ruleset


@asynccontextmanager
async def a_scene(url: str, authority: Authority, asked: Asked) -> AsyncIterator[Scene]:
    """A new domain whose payments two people have to approve."""
    with Upstream(authority.issue()) as upstream:
        async with replaying(url, authority, ruleset=asked) as replays:
            signals = Signals(replays.store, replays.world.metrics)
            replayer, sealed = replays.replayer, replays.world.sealed
            worker = Worker(
                store=replays.store, sealed=sealed, signals=signals, replayer=replayer, tasks=replayer.tasks
            )
            replays = replace(replays, world=replace(replays.world, ruleset=asked.ruleset))
            yield Scene(replays=replays, worker=worker, upstream=upstream)


@pytest.fixture
def asked() -> Asked:
    """Two people, until a test says otherwise."""
    return Asked()


@pytest.fixture
async def scene(redis_url: str, authority: Authority, asked: Asked) -> AsyncIterator[Scene]:
    """Give a new scene."""
    async with a_scene(redis_url, authority, asked) as scene:
        yield scene


async def approved(scene: Scene, *people: Reviewer) -> Hold:
    """A hold that they have said yes to."""
    hold = await scene.replays.world.hold(scene.action)
    deciding = Deciding(scene.replays.world.reviewing())
    for who in people:
        hold = await deciding.approve(hold.hold_id, who=who, digest=hold.digest, named=_UNNAMED)
    return hold


async def test_untouched_it_runs(scene: Scene) -> None:
    """On two people's word, and not on one's."""
    assert await scene.run(await approved(scene, ADA)) == 0
    assert await scene.run(await approved(scene, ADA, BOB)) == 1


async def test_one_byte_of_a_vote(scene: Scene) -> None:
    """Anywhere in it."""
    votes = (await scene.fields(await approved(scene, ADA, BOB)))["votes"]
    for changed in mutations(votes):
        hold = await approved(scene, ADA, BOB)
        await scene.write(hold, {"votes": changed})
        assert await scene.run(hold) == 0


async def a_vote_deleted(scene: Scene) -> Hold:
    """The other's word alone is not enough."""
    hold = await approved(scene, ADA, BOB)
    await scene.write(hold, {"votes": None})
    return hold


async def one_person_twice(scene: Scene) -> Hold:
    """The last word is written to be a vote as well."""
    hold = await approved(scene, ADA, BOB)
    await scene.write(hold, {"votes": hold.decision.encode()})
    return hold


async def a_vote_of_another_hold(scene: Scene) -> Hold:
    """Of the same action, by another person."""
    hold, other = await approved(scene, ADA, BOB), await approved(scene, CLEO)
    await scene.write(hold, {"votes": other.votes[0].encode()})
    return hold


async def a_vote_written_to_be_the_decision(scene: Scene) -> Hold:
    """One person's yes is presented as all of it."""
    hold = await approved(scene, ADA)
    written = {"decision": hold.votes[0].encode(), "decided_by": b"ada", "decision_reason": b""}
    await scene.write(hold, {"state": b"approved", "run_by": LATER, "votes": None, **written})
    return hold


async def a_rejection_among_the_votes(scene: Scene) -> Hold:
    """A signed no is counted as a yes."""
    hold = await approved(scene, ADA)
    no = scene.replays.world.reviewing().decision(hold, Event.REJECT, who=BOB, reason="")
    yes = {"decision": hold.votes[0].encode(), "decided_by": b"ada", "decision_reason": b""}
    await scene.write(hold, {"state": b"approved", "run_by": LATER, "votes": no["decision"], **yes})
    return hold


async def a_vote_by_a_strangers_hand(scene: Scene) -> Hold:
    """Signed by a key that is not a known console's."""
    hold = await approved(scene, ADA, BOB)
    world = scene.replays.world
    stranger = Signer(key=b"s" * 32, domain=world.domain)
    forged = stranger.signed(world.reviewing().vote(hold, who=CLEO, preview="").said)
    await scene.write(hold, {"votes": forged})
    return hold


FORGERIES = (
    a_vote_deleted,
    one_person_twice,
    a_vote_of_another_hold,
    a_vote_written_to_be_the_decision,
    a_rejection_among_the_votes,
    a_vote_by_a_strangers_hand,
)


@pytest.mark.parametrize("forge", FORGERIES, ids=[forge.__name__ for forge in FORGERIES])
async def test_an_approval_that_is_not_everybodys(
    scene: Scene, forge: Callable[[Scene], Awaitable[Hold]]
) -> None:
    """It ends the hold, with an alarm, and nothing runs."""
    hold = await forge(scene)
    assert await scene.run(hold) == 0
    found = await scene.replays.found(hold)
    assert (found.state, found.note.partition(":")[0]) == (State.DRIFT_REFUSED, "integrity")
    assert scene.replays.count("sidegate_integrity_failures_total") == 1


async def test_rules_that_ask_for_more_since(scene: Scene, asked: Asked) -> None:
    """The quorum is that of the moment in which it would run."""
    hold = await approved(scene, ADA, BOB)
    asked.ruleset = rules(_PAY.format(quorum=3))
    assert await scene.run(hold) == 0
    assert "one more person has to approve it" in (await scene.replays.found(hold)).note


async def test_rules_that_ask_for_less_since(scene: Scene, asked: Asked) -> None:
    """More than enough is enough."""
    hold = await approved(scene, ADA, BOB)
    asked.ruleset = rules(_PAY.format(quorum=1))
    assert await scene.run(hold) == 1


async def test_the_time_to_take_it_back_is_not_signed(scene: Scene) -> None:
    """Whoever writes it takes a second thought from a reviewer, and runs nothing that was not approved."""
    hold = await approved(scene, ADA, BOB)
    await scene.write(hold, {"grace_until": LATER})
    assert await scene.run(hold) == 0
    await scene.write(hold, {"grace_until": b"0"})
    assert await scene.run(hold) == 1
