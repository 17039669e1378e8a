"""Fixtures of the commands' tests: one real store and console for all, one data folder for each."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.data_dir.lock import exclusive
from tests.proxy.cli.desk import DOMAIN, KEY, Desk, desk_at
from tests.proxy.console.world import Going, World, console_of
from tests.proxy.redis_child import redis_server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Run a store for the whole session."""
    with redis_server() as url:
        yield url


@pytest.fixture(scope="session")
def console(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a console for the whole session; give its URL."""
    folder = tmp_path_factory.mktemp("console")
    served = replace(World.build(redis_url, domain=DOMAIN, key=KEY, folder=folder), clock=Going())
    with console_of(served) as url:
        yield url


@pytest.fixture
async def world(redis_url: str) -> AsyncIterator[World]:
    """Give the console's approval domain, empty."""
    made = World.build(redis_url, domain=DOMAIN, key=KEY)
    await made.redis.flushdb()
    yield made
    await made.redis.aclose()


@pytest.fixture
def desk(world: World, console: str, tmp_path: Path) -> Iterator[Desk]:
    """Give an operator's desk, with no holds on it, and locked as a sidecar that lives has it."""
    assert world.domain == DOMAIN
    made = desk_at(tmp_path / "it's data", console)
    with exclusive(made.folder):
        yield made


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test the same width and nobody's settings."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("SIDEGATE_DATA_DIR", raising=False)
