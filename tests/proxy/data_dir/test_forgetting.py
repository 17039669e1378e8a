"""What was deleted is still in the append-only file until that is written anew."""

import asyncio
from contextlib import suppress
from pathlib import Path

from proxy.data_dir.forgetting import forget
from proxy.store.connection import connect
from tests.proxy.redis_child import eventually, redis_child

SECRET = b"a wrapped key that was shredded"


def written(folder: Path) -> bytes:
    """All that the server's files have."""
    while True:
        # It takes away what it has written anew, perhaps between two of these steps.
        with suppress(FileNotFoundError):
            return b"".join(path.read_bytes() for path in sorted((folder / "appendonlydir").iterdir()))


async def test_the_file_forgets() -> None:
    """Once at the start, and again after each shredding."""
    async with redis_child() as child, connect(child.url) as redis, asyncio.TaskGroup() as tasks:
        folder, shredded = child.server.socket.parent, asyncio.Event()

        async def forgotten() -> bool:
            return SECRET not in written(folder)

        await redis.set("one", SECRET)
        await redis.delete("one")
        assert SECRET in written(folder)
        running = tasks.create_task(forget(child.url, shredded, every=0.05))
        await eventually(forgotten, what="the file to forget")
        await redis.set("two", SECRET)
        await redis.delete("two")
        assert SECRET in written(folder)
        shredded.set()
        await eventually(forgotten, what="the file to forget again")
        running.cancel()
