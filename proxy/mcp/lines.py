"""Lines of stdio, each whole and within its bound."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from rules.request.body import MAX_BODY_BYTES

MAX_LINE_BYTES = MAX_BODY_BYTES
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class TooLong:
    """A line over the bound; nothing of it is kept."""


async def lines(
    reader: asyncio.StreamReader, *, most: int = MAX_LINE_BYTES
) -> AsyncIterator[bytes | TooLong]:
    """Each line without its end, until the stream ends; a last line needs none. Empty ones are left out."""
    begun, length, over = [], 0, False
    while chunk := await reader.read(_CHUNK_BYTES):
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            begun.append(part)
            too_long = over or length + len(part) > most
            line = b"" if too_long else b"".join(begun).removesuffix(b"\r")
            begun, length, over = [], 0, False
            if too_long:
                yield TooLong()
            elif line.strip():
                yield line
        begun.append(rest)
        length += len(rest)
        if length > most:
            begun, length, over = [], 0, True
    if over:
        yield TooLong()
    elif (line := b"".join(begun).removesuffix(b"\r")).strip():
        yield line
