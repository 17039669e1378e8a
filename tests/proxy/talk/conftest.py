"""Fixtures: one approval domain for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.proxy.console.world import World


@pytest.fixture
async def world(redis_url: str) -> AsyncIterator[World]:
    """Give an approval domain of its own."""
    made = World.build(redis_url)
    yield made
    await made.redis.aclose()
