"""How long people look before they decide."""

from datetime import timedelta

import pytest

from proxy.quality.pace import Pace
from rules.hold import Event, Hold
from rules.verdict import Tier
from tests.proxy.console.world import World


@pytest.fixture
def pace(world: World) -> Pace:
    """Give the one of the console."""
    return world.reviewing().pace


def sample(world: World, name: str, **labels: str) -> float:
    """A series of the console's metrics."""
    value = world.metrics.registry.get_sample_value(f"sidegate_{name}", labels)
    assert value is not None
    return value


async def decide(
    world: World, pace: Pace, hold: Hold, event: Event, *, after: float, who: str = "ada"
) -> None:
    """`who` sees the hold and decides that much later."""
    await pace.viewed(hold, who=who)
    world.clock.moment += timedelta(seconds=after)
    await pace.decided(hold, event, who=who)


@pytest.mark.parametrize(
    ("tier", "after", "fast"),
    [
        (Tier.EXTERNAL, 4.9, 1),
        (Tier.EXTERNAL, 5.0, 0),
        (Tier.HIGH_RISK, 14.9, 1),
        (Tier.HIGH_RISK, 15.0, 0),
    ],
)
async def test_fast_approvals(world: World, pace: Pace, tier: Tier, after: float, fast: int) -> None:
    """By tier, sooner than its limit."""
    await decide(world, pace, await world.hold(tier=tier), Event.APPROVE, after=after)
    assert sample(world, "fast_approvals_total", tier=str(int(tier))) == fast
    assert sample(world, "review_dwell_seconds_sum", decision="approve") == pytest.approx(after, abs=0.002)


@pytest.mark.parametrize("event", [Event.REJECT, Event.RESPOND])
async def test_a_quick_no_is_no_rubber_stamp(world: World, pace: Pace, event: Event) -> None:
    """Its time is measured, and nothing else counted."""
    await decide(world, pace, await world.hold(), event, after=1)
    assert sample(world, "review_dwell_seconds_count", decision=event) == 1
    assert sample(world, "fast_approvals_total", tier="4") == 0
    assert sample(world, "deadlines_total", outcome="met") == 1


async def test_the_first_view_counts_and_each_persons_own(world: World, pace: Pace) -> None:
    """Looking again starts nothing anew, and another person's view is not mine."""
    hold = await world.hold()
    await pace.viewed(hold, who="ada")
    world.clock.moment += timedelta(seconds=30)
    await pace.viewed(hold, who="ada")
    await decide(world, pace, hold, Event.VOTE, after=2, who="bob")
    await pace.decided(hold, Event.APPROVE, who="ada")
    assert sample(world, "review_dwell_seconds_sum", decision="approve") == pytest.approx(34, abs=0.01)
    assert sample(world, "fast_approvals_total", tier="4") == 1
    assert sample(world, "deadlines_total", outcome="met") == 1


async def test_without_a_view_there_is_no_time(world: World, pace: Pace) -> None:
    """Who decided in a chat has seen it there."""
    await pace.decided(await world.hold(), Event.APPROVE, who="ada")
    assert sample(world, "review_dwell_seconds_count", decision="approve") == 0
    assert sample(world, "fast_approvals_total", tier="4") == 0
    assert sample(world, "deadlines_total", outcome="met") == 1


async def test_only_decisions_about_what_waits(world: World, pace: Pace) -> None:
    """Rejecting what was approved, undoing and cancelling are none."""
    hold = await world.hold()
    await pace.viewed(hold, who="ada")
    approved = await world.approve(hold)
    await pace.decided(approved, Event.REJECT, who="ada")
    for event in (Event.CANCEL, Event.RECANT):
        await pace.decided(hold, event, who="ada")
    assert sample(world, "deadlines_total", outcome="met") == 0
    assert sample(world, "review_dwell_seconds_count", decision="reject") == 0


async def test_a_store_that_is_away_fails_no_decision(world: World, away: World) -> None:
    """It was taken already."""
    await away.reviewing().pace.decided(await world.hold(), Event.APPROVE, who="ada")
    assert sample(away, "deadlines_total", outcome="met") == 1


async def test_over_the_api(world: World) -> None:
    """Reading the hold and approving it is what is measured."""
    hold = await world.hold()
    async with world.client() as api:
        shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
        world.clock.moment += timedelta(seconds=20)
        told = await api.post(f"/api/holds/{hold.hold_id}/reject", json={"reason": "no"})
        assert told.status_code == 200, shown
    assert sample(world, "review_dwell_seconds_sum", decision="reject") == pytest.approx(20, abs=0.01)
