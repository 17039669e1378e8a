"""The command itself: a real client on one side, real servers on the other, one store between processes."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from proxy.data_dir.embedded import EmbeddedRedis
from proxy.keys.signing import Signer
from proxy.seal import load_or_create_key
from proxy.store import Store, connect
from rules.decision import Decision
from rules.hold import Event, State
from tests.mcp_servers.running import read_executed
from tests.proxy.drafts import PATIENT

_ROOT = Path(__file__).parents[3]
_SDK = [sys.executable, str(_ROOT / "tests" / "mcp_servers" / "programs" / "python_sdks.py"), "mcp2", "stdio"]


@pytest.fixture
async def data_dir(tmp_path: Path) -> AsyncIterator[Path]:
    """Give a data folder, and end its store."""
    folder = tmp_path / "data"
    yield folder
    if (folder / "redis").exists():
        store = EmbeddedRedis(folder / "redis")
        await store.start()
        await store.stop()


def _command(data_dir: Path, *server: str) -> list[str]:
    wrapper = [str(_ROOT / "sidegate.py"), "mcp", "--data-dir", str(data_dir), "--name", "bank"]
    return [sys.executable, *wrapper, "--", *server]


@asynccontextmanager
async def _client(data_dir: Path, *server: str, mode: Any = "auto") -> AsyncIterator[Client]:
    command = _command(data_dir, *server)
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=environment)
    async with Client(parameters, mode=mode) as client:
        yield client


async def _approve(data_dir: Path, hold_id: str) -> None:
    """Approve as the sidecar's console does, and wait until it ran."""
    redis = connect(f"unix://{data_dir / 'redis' / 'redis.sock'}")
    store = Store(redis, domain="default", clocks=PATIENT)
    signer = Signer(key=load_or_create_key(data_dir / "keys" / "console.key"), domain="default")
    hold = await store.find(hold_id)
    assert hold is not None
    decision = Decision.of(hold, Event.APPROVE, who="ada", validity=PATIENT.approval_validity[hold.tier])
    await store.step(hold, Event.APPROVE, fields=signer.fields(decision))
    async with asyncio.timeout(30):
        while (found := await store.find(hold_id)) and found.state is not State.EXECUTED:
            await asyncio.sleep(0.05)
    await redis.aclose()
