"""Answers that come before the body's end, on a real socket: heard, and the connection not kept busy."""

import asyncio

import pytest

from tests.proxy.console.world import TOKENS, World, console_of

_HEAD = "POST /api/kill HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"


async def _answer(world: World, *, length: int, sent: int) -> tuple[str, bytes]:
    """Announce `length` bytes and send `sent` of them: the head of the answer, and what follows."""
    with console_of(world) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        named = f"Authorization: Bearer {TOKENS['ada']}\r\nContent-Length: {length}\r\n\r\n"
        writer.write((_HEAD + named).encode())
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(b"x" * sent)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        closed = "connection: close" in head.decode().lower()
        rest = await asyncio.wait_for(reader.read(), 5) if closed else b""
        writer.close()
        return head.decode(), rest


@pytest.mark.parametrize("length", [2, 60_000])
async def test_a_short_rest_is_thrown_away(world: World, length: int) -> None:
    """The refusal arrives, and the connection stays for the next request."""
    head, _ = await _answer(world, length=length, sent=length)
    assert head.startswith("HTTP/1.1 415")
    assert "connection: close" not in head.lower()


async def test_a_rest_that_does_not_come_closes_the_connection(world: World) -> None:
    """The refusal arrives whole all the same."""
    head, rest = await _answer(world, length=1000, sent=10)
    assert head.startswith("HTTP/1.1 415")
    assert b"body_type" in rest


async def test_a_long_rest_is_not_waited_for(world: World) -> None:
    """However fast it comes: the connection ends, with the answer or without."""
    try:
        head, _ = await _answer(world, length=10**9, sent=200_000)
    except ConnectionResetError:
        return
    assert "connection: close" in head.lower()
