"""What a drill differed in, told once it is over."""

from proxy.console.reading.lesson import lesson_of
from rules.hold import Event, Hold
from tests.proxy.console.deciding.test_drilled import a_drill
from tests.proxy.console.world import World


async def test_nothing_is_told_before_the_end(world: World) -> None:
    """Nor of a hold, which differs in nothing."""
    for hold in (await a_drill(world), await world.hold()):
        assert await lesson_of(world.reviewing(), hold) == ()


async def test_afterwards_it_is_the_one_change(world: World) -> None:
    """As the maker of drills has sealed it."""
    [change] = await lesson_of(world.reviewing(), await ended(world))
    assert change.before != change.after


async def test_what_does_not_open_is_not_told(world: World) -> None:
    """It is counted, and the rest of the drill is told without it."""
    drill = await ended(world)
    await world.spoil(drill, "edit", b"changed")
    assert await lesson_of(world.reviewing(), drill) == ()
    assert world.metrics.registry.get_sample_value("sidegate_integrity_failures_total") == 1


async def ended(world: World) -> Hold:
    """A drill that was answered."""
    return await world.store.step(await a_drill(world), Event.DRILL)
