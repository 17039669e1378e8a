"""What all lanes share: a store and an upstream that are never killed, and the nursery."""

import asyncio
import json
import select
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.authority import Authority
from tests.acceptance.received import Received
from tests.acceptance.upstream import Upstream
from tests.proxy.redis_child import redis_with

_ROOT = Path(__file__).parents[2]


@dataclass(slots=True, kw_only=True)
class Bench:
    """Everything that outlives a sidecar."""

    folder: Path
    redis_url: str
    upstream: Upstream
    ca: Path
    nursery: asyncio.subprocess.Process
    _ordering: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self, order: dict[str, Any]) -> int:
        """Start a sidecar and give its process id."""
        stdin, stdout = self.nursery.stdin, self.nursery.stdout
        assert stdin is not None
        assert stdout is not None
        async with self._ordering:
            stdin.write(json.dumps(order).encode() + b"\n")
            await stdin.drain()
            return int(await stdout.readline())

    def sent(self, path: str) -> list[Received]:
        """What the upstream has executed of one call."""
        return self.upstream.select(path=path)


@asynccontextmanager
async def built(folder: Path) -> AsyncIterator[Bench]:
    """Start everything, and end it again."""
    authority = Authority.create(folder / "authority")
    async with redis_with() as url:
        with Upstream(authority.issue()) as upstream:
            nursery = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.crash.nursery"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=_ROOT,
            )
            try:
                yield Bench(folder=folder, redis_url=url, upstream=upstream, ca=authority.ca, nursery=nursery)
            finally:
                assert nursery.stdin is not None
                nursery.stdin.close()
                await nursery.wait()


async def gone(handle: int, *, within: float) -> bool:
    """Whether the process of this pidfd has ended within so many seconds."""
    return bool(await asyncio.to_thread(lambda: select.select([handle], [], [], within)[0]))
