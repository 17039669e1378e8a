"""Fixtures of the console's tests: one real server for all, one approval domain for each."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World, redis_server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Run a store for the whole session."""
    with redis_server() as url:
        yield url


@pytest.fixture
async def world(redis_url: str) -> AsyncIterator[World]:
    """Give an approval domain of its own."""
    made = World.build(redis_url)
    yield made
    await made.redis.aclose()


@pytest.fixture
async def api(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    """Speak to the console as a reviewer."""
    async with world.client() as client:
        yield client


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
