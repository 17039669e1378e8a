"""What the embedded server does with files that were cut off or damaged."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.data_dir import embedded
from proxy.data_dir.embedded import EmbeddedRedisError
from tests.proxy.data_dir.embedding import Make, keys, kill, running, supervised, unlocked, until, write

AOF = "appendonlydir"
INCR = f"{AOF}/appendonly.aof.1.incr.aof"
BASE = f"{AOF}/appendonly.aof.1.base.rdb"
MANIFEST = f"{AOF}/appendonly.aof.manifest"


@pytest.mark.parametrize("cut", [1, 7, 40, 80], ids=lambda cut: f"{cut} bytes")
async def test_a_torn_tail_is_cut_off(
    make: Make, folder: Path, caplog: pytest.LogCaptureFixture, cut: int
) -> None:
    """A write that kill -9 cut off is gone, whole transaction by whole; all before it stays."""
    server = make()
    await server.start()
    await write(server, "one", "two")
    await kill(server, folder)
    os.truncate(folder / INCR, (folder / INCR).stat().st_size - cut)
    await server.start()
    assert await keys(server) == {"one", "one:a", "one:b", "two"}
    assert "embedded.torn_write_cut" in caplog.text
    await write(server, "three")
    await kill(server, folder)
    await server.start()
    assert "three:b" in await keys(server)


type Damage = Callable[[Path], object]


def patch(old: bytes, new: bytes) -> Damage:
    """Return a damage: the first `old` of the commands becomes `new`."""

    def damage(folder: Path) -> None:
        data = (folder / INCR).read_bytes()
        assert old in data
        (folder / INCR).write_bytes(data.replace(old, new, 1))

    return damage


DAMAGES: dict[str, tuple[Damage, str]] = {
    "garbage": (patch(b"$3\r\nset", b"XX\r\nset"), INCR),
    "unknown command": (patch(b"set", b"sex"), INCR),
    "failing command": (patch(b"$3\r\nSET", b"$6\r\nINCRBY"), AOF),
    "length past the end": (patch(b"$1\r\nv", b"$999\r\nv"), INCR),
    "length past the end in a transaction": (patch(b"$5\r\none:a", b"$999\r\none:a"), INCR),
    "count too high": (patch(b"*3", b"*9"), INCR),
    "zeros behind": (lambda f: os.truncate(f / INCR, (f / INCR).stat().st_size + 9), INCR),
    "base cut short": (lambda f: os.truncate(f / BASE, 60), BASE),
    "manifest broken": (lambda f: (f / MANIFEST).write_text("junk"), AOF),
    "manifest lost": (lambda f: (f / MANIFEST).unlink(), MANIFEST),
    "commands lost": (lambda f: (f / INCR).unlink(), INCR),
}


@pytest.mark.parametrize(("damage", "named"), DAMAGES.values(), ids=DAMAGES.keys())
async def test_damage_is_refused_and_nothing_overwritten(
    make: Make, folder: Path, damage: Damage, named: str
) -> None:
    """Damage stops the start, names the file and the cure, and leaves every file as it was."""
    server = make()
    await server.start()
    await write(server, "one", "two")
    await kill(server, folder)
    damage(folder)
    before = {f: f.read_bytes() for f in (folder / AOF).iterdir()}
    with pytest.raises(EmbeddedRedisError, match="from a backup") as caught:
        await server.start()
    assert str(folder / named) in str(caught.value) or named == AOF in str(caught.value)
    assert {f: f.read_bytes() for f in (folder / AOF).iterdir()} == before
    assert unlocked(folder)


async def test_the_supervisor_tries_again_until_the_damage_is_mended(
    make: Make, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that cannot come back is tried at growing intervals, and taken when it can."""
    server = make()
    await server.start()
    await write(server, "one", "two")
    lost = running(server)
    good = (folder / INCR).read_bytes()
    async with supervised(server):
        (folder / INCR).write_bytes(b"XX" + good)
        os.kill(lost, signal.SIGKILL)
        await until(lambda: caplog.text.count("embedded.restart_failed") == 4)
        times = [r.created for r in caplog.records if "restart_failed" in r.getMessage()]
        assert times[3] - times[2] > times[2] - times[1] > 0.05
        (folder / INCR).write_bytes(good)
        await until(lambda: server.pid != lost)
    assert "two:b" in await keys(server)


async def test_a_first_start_that_was_cut_off_is_no_damage(make: Make, folder: Path) -> None:
    """Files of a start that died before it wrote its manifest do not stop the next start."""
    server = make()
    await server.start()
    await kill(server, folder)
    (folder / MANIFEST).unlink()
    await server.start()
    await write(server, "k")


def encode(*words: str) -> bytes:
    """Encode a command as the append-only file has it."""
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(word)}\r\n{word}\r\n".encode() for word in words)


UNITS = [
    encode("SELECT", "0"),
    encode("set", "k", "v" * 30),
    encode("MULTI") + encode("set", "a", "EXEC") + encode("del", "b") + encode("EXEC"),
    encode("MULTI") + encode("hset", "h", "", "x") + encode("EXEC"),
    encode("set", "k", "w" * 30),
]


@pytest.fixture
def aof(tmp_path: Path) -> Path:
    """Give the path of an append-only file that is the last of its manifest."""
    (tmp_path / "appendonly.aof.manifest").write_text("file a.base seq 1 type b\nfile a seq 1 type i\n")
    return tmp_path / "a"


def test_every_cut_keeps_what_was_whole(aof: Path) -> None:
    """Wherever the file is cut off, all whole commands and transactions before it stay."""
    data, ends = b"".join(UNITS), [len(b"".join(UNITS[:n])) for n in range(len(UNITS) + 1)]
    for cut in set(range(1, len(data))) - set(ends):
        aof.write_bytes(data[:cut])
        embedded._cut_torn_write(aof)
        assert aof.stat().st_size == max(end for end in ends if end <= cut)


def test_a_broken_length_is_damage_unless_nothing_follows(aof: Path) -> None:
    """A length that points past the end never costs a whole later command."""
    data, last = b"".join(UNITS), len(b"".join(UNITS[:-1]))
    lengths = [match.start(1) for match in re.finditer(rb"\$(\d+)\r\n", data)]
    for at in (at for at in lengths if at < last):
        aof.write_bytes(broken := data[:at] + b"9999" + data[at:])
        with pytest.raises(EmbeddedRedisError, match="commands follow"):
            embedded._cut_torn_write(aof)
        assert aof.read_bytes() == broken


def test_only_the_last_file_can_be_torn(aof: Path) -> None:
    """A file that another one follows was once whole, so a cut in it is damage."""
    aof.write_bytes(b"".join(UNITS)[:-1])
    with (aof.parent / "appendonly.aof.manifest").open("a") as manifest:
        manifest.write("file b seq 2 type i\n")
    with pytest.raises(EmbeddedRedisError, match="from a backup"):
        embedded._cut_torn_write(aof)
