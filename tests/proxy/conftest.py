"""Fixtures of the I/O modules' tests: one real server for all, real TLS upstreams, a replayer."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from redis.asyncio import Redis

from proxy.store.connection import connect
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.console.world import World
from tests.proxy.gatehouse import Gatehouse, gatehouse
from tests.proxy.redis_child import redis_server
from tests.proxy.replays import Replays, replaying


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Run a store for the whole session."""
    with redis_server() as url:
        yield url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give an empty database."""
    client = connect(redis_url)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make one CA for all upstreams."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def upstream(authority: Authority) -> Iterator[Upstream]:
    """Run an upstream that has seen nothing."""
    with Upstream(authority.issue()) as upstream:
        yield upstream


@pytest.fixture
async def replays(redis_url: str, authority: Authority) -> AsyncIterator[Replays]:
    """Give a replayer on a domain of its own."""
    async with replaying(redis_url, authority) as replays:
        yield replays


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
async def house(redis_url: str) -> AsyncIterator[Gatehouse]:
    """Give a gate with an approval domain of its own."""
    async with gatehouse(redis_url) as made:
        yield made
