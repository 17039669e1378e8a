"""Fixtures of the console's tests: one real server for all, one approval domain for each."""

from collections.abc import AsyncIterator

import pytest

from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World


@pytest.fixture
async def away() -> AsyncIterator[World]:
    """Give an approval domain whose store is away."""
    made = World.build("unix:///tmp/sidegate-no-such-socket")
    yield made
    await made.redis.aclose()


@pytest.fixture
async def browser(world: World) -> AsyncIterator[Browser]:
    """Somebody who is logged in."""
    made = Browser(world)
    assert (await made.log_in()).status_code == 303
    yield made
    await made.client.aclose()


@pytest.fixture
async def stranger(world: World) -> AsyncIterator[Browser]:
    """Somebody who is not."""
    made = Browser(world)
    yield made
    await made.client.aclose()
