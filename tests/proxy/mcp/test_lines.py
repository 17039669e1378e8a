"""Lines whole, bounded, and however they arrive."""

import asyncio

import pytest

from proxy.mcp.lines import TooLong, lines


async def _read(*chunks: bytes, most: int = 8) -> list[bytes | TooLong]:
    reader = asyncio.StreamReader()
    for chunk in chunks:
        reader.feed_data(chunk)
    reader.feed_eof()
    return [line async for line in lines(reader, most=most)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"a\rb\n", [b"a\rb"]),
        (b"\n \n\r\na\n", [b"a"]),
        (b"a", [b"a"]),
        (b"", []),
        (b"12345678\n", [b"12345678"]),
        (b"123456789\na\n", [TooLong(), b"a"]),
        (b"123456789", [TooLong()]),
        (b"a\n1234567890123456789\nb", [b"a", TooLong(), b"b"]),
    ],
    ids=[
        "two",
        "crlf",
        "lone cr",
        "empty",
        "no end",
        "nothing",
        "at the bound",
        "over",
        "over at end",
        "amid",
    ],
)
async def test_lines_are_the_same_in_any_pieces(text: bytes, found: list[bytes | TooLong]) -> None:
    """What is read does not depend on how it arrives."""
    assert await _read(text) == found
    assert await _read(*(text[n : n + 1] for n in range(len(text)))) == found
