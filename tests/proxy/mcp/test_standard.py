"""Standard streams of every kind that a shell gives a command."""

import os
from pathlib import Path

import pytest

from proxy.mcp.standard import streams

_SAID = b'{"id":1}\n{"id":2}\n'


def _source(kind: str, folder: Path) -> int:
    """A descriptor from which `_SAID` is read, or nothing."""
    if kind == "pipe":
        ours, theirs = os.pipe()
        os.write(theirs, _SAID)
        os.close(theirs)
        return ours
    path = Path("/dev/null")
    if kind == "file":
        path = folder / "in"
        path.write_bytes(_SAID)
    return os.open(path, os.O_RDONLY)


@pytest.mark.parametrize(("kind", "said"), [("pipe", _SAID), ("file", _SAID), ("nothing", b"")])
async def test_what_a_client_writes_is_read_to_its_end(kind: str, said: bytes, tmp_path: Path) -> None:
    """The loop can wait for a pipe, and for neither a file nor /dev/null."""
    with (tmp_path / "out").open("wb") as sink:
        reader, _ = await streams(os.fdopen(_source(kind, tmp_path), "rb"), sink)
    assert await reader.read() == said


async def test_a_file_is_written_as_it_is_told(tmp_path: Path) -> None:
    """Each message is a line, and is there at once."""
    path = tmp_path / "out"
    with path.open("wb") as sink:
        reader, say = await streams(os.fdopen(_source("nothing", tmp_path), "rb"), sink)
        assert await reader.read() == b""
        await say(b"{}")
        assert path.read_bytes() == b"{}\n"
        await say(b"[]")
    assert path.read_bytes() == b"{}\n[]\n"


async def test_a_pipe_is_told_until_nobody_reads_it(tmp_path: Path) -> None:
    """An agent that has gone is no error."""
    ours, theirs = os.pipe()
    reader, say = await streams(os.fdopen(_source("nothing", tmp_path), "rb"), os.fdopen(theirs, "wb"))
    assert await reader.read() == b""
    await say(b"{}")
    assert os.read(ours, 100) == b"{}\n"
    os.close(ours)
    for _ in range(3):
        await say(b"{}")
