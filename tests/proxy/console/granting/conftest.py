"""One office for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.proxy.granted import Office, office


@pytest.fixture
async def desk(redis_url: str, authority: Authority, tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office of its own."""
    async with office(redis_url, authority, tmp_path) as made:
        yield made
