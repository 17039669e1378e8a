"""The connection repeats nothing by itself, and callers beyond its pool wait for their turn."""

import asyncio

import pytest
from redis.exceptions import RedisError

from proxy.store.connection import CONNECTIONS, connect


async def test_a_command_without_an_answer_is_not_repeated() -> None:
    """A repeated change would be a second change."""
    heard: list[bytes] = []
    connections = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while data := await reader.read(4096):
            heard.append(data)
            if b"HELLO" in data or b"CLIENT" in data:
                writer.write(b"-ERR unknown command\r\n" * data.count(b"\r\nHELLO") or b"+OK\r\n")
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"redis://127.0.0.1:{port}/0") as redis:
            with pytest.raises(RedisError):
                await redis.incr("money")
    assert b"".join(heard).count(b"INCR") <= 1
    assert connections == 1


async def test_callers_beyond_the_pool_wait(redis_url: str) -> None:
    """None of them fails."""
    async with connect(redis_url) as redis:
        answers = await asyncio.gather(*(redis.ping() for _ in range(3 * CONNECTIONS)))
    assert answers == [True] * (3 * CONNECTIONS)
