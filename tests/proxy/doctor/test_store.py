"""A real Redis, with one setting wrong at a time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.doctor.finding import Level
from proxy.doctor.store import examine
from tests.proxy.redis_child import redis_with

GOOD = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


def flags(changed: dict[str, str]) -> list[str]:
    """The server's flags for settings that are as they should be, but for these."""
    return [part for name, value in (GOOD | changed).items() for part in (f"--{name}", value)]


async def found(url: str, *, now: datetime | None = None, embedded: bool = False) -> dict[str, Level]:
    """What is not as it should be."""
    about = await examine(url, embedded=embedded, now=now or datetime.now(UTC))
    return {one.check: one.level for one in about if one.level is not Level.OK}


SETTINGS = {
    "as it should be": ({}, {}),
    "nothing on disk": ({"appendonly": "no"}, {"store.kept": Level.FAULT}),
    "disk each second": ({"appendfsync": "everysec"}, {"store.synced": Level.DOUBT}),
    "disk at some time": ({"appendfsync": "no"}, {"store.synced": Level.FAULT}),
    "it drops holds": ({"maxmemory-policy": "allkeys-lru"}, {"store.evicts": Level.FAULT}),
}


@pytest.mark.parametrize("case", SETTINGS)
async def test_settings(case: str) -> None:
    """Each is found, and nothing else; where the sidecar has started it, they are the sidecar's business."""
    changed, expected = SETTINGS[case]
    async with redis_with(*flags(changed)) as url:
        assert await found(url) == expected
        assert await found(url, embedded=True) == {}


async def test_clocks_apart() -> None:
    """Either way."""
    async with redis_with(*flags({})) as url:
        for seconds in (60, -60):
            now = datetime.now(UTC) + timedelta(seconds=seconds)
            assert await found(url, now=now) == {"clock.store": Level.FAULT}


async def test_nobody_answers(tmp_path: Path) -> None:
    """The URL is not repeated."""
    url = f"unix://:hush@{tmp_path}/none.sock"
    (one,) = await examine(url, embedded=False, now=datetime.now(UTC))
    assert (one.check, one.level, "hush" in f"{one}") == ("store.reached", Level.FAULT, False)
    assert "correct REDIS_URL" in one.cure
    [ours] = await examine(url, embedded=True, now=datetime.now(UTC))
    assert ours.cure == "start the sidecar, with which it runs"


async def test_a_store_that_does_not_tell() -> None:
    """Managed services have no CONFIG."""
    async with redis_with(*flags({}), "--rename-command", "CONFIG", "") as url:
        assert await found(url) == {"store.settings": Level.DOUBT}
