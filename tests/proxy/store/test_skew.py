"""Two clocks that are apart are noticed and said."""

from datetime import UTC, datetime, timedelta

import pytest

from proxy.store.skew import Skew
from tests.proxy.console.world import World

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("ahead", [timedelta(0), MINUTE, -MINUTE], ids=["even", "ahead", "behind"])
async def test_clocks_that_are_apart(
    redis_url: str, caplog: pytest.LogCaptureFixture, ahead: timedelta
) -> None:
    """The metric says by how much and in which direction; the log says what to do."""
    world = World.build(redis_url)
    skew = Skew(store=world.store, metrics=world.metrics, now=lambda: datetime.now(UTC) - ahead)
    assert abs(await skew.measure() - ahead) < timedelta(seconds=4)
    measured = world.metrics.registry.get_sample_value("sidegate_clock_skew_seconds")
    assert measured is not None
    assert abs(measured - ahead.total_seconds()) < 4
    assert ("clock.skew seconds=" in caplog.text) is bool(ahead)
    await world.redis.aclose()
