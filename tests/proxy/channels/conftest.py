"""Fixtures of the channels' tests: a real store, and real servers that keep what they are told."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from tests.proxy.channels.listener import Listener
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
def listener() -> Iterator[Listener]:
    """Somebody who is told over HTTP."""
    with Listener() as listener:
        yield listener
