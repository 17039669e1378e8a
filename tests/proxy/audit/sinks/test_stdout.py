"""Records to standard output: a reader that stops reading stops nobody else."""

import os
import threading

import pytest

from proxy.audit.sinks import stdout
from proxy.audit.sinks.stdout import StdoutSink
from proxy.channels.outgoing import Untold
from tests.proxy.audit.sinks.fed import lines

pytestmark = pytest.mark.observe


async def test_each_is_one_line() -> None:
    """As it was written to the chain."""
    reading, writing = os.pipe()
    await StdoutSink(writing).give(lines(3))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read().splitlines() == [line.text for line in lines(3)]


async def test_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up in time; what was begun is ended first when somebody reads again, so no line is torn."""
    monkeypatch.setattr(stdout, "_PATIENCE", 0.05)
    reading, writing = os.pipe()
    sink, many = StdoutSink(writing), lines(400)
    with pytest.raises(Untold, match="nobody reads"):
        await sink.give(many)
    found = list[bytes]()

    def read() -> None:
        with os.fdopen(reading, "rb") as pipe:
            found.extend(pipe.read().splitlines())

    reader = threading.Thread(target=read)
    reader.start()
    monkeypatch.setattr(stdout, "_PATIENCE", 10)
    await sink.give(many)
    os.close(writing)
    reader.join(10)
    assert set(found) == {line.text for line in many}
    assert found[-400:] == [line.text for line in many]


async def test_the_reader_is_gone() -> None:
    """An error as any other."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with pytest.raises(OSError, match="pipe"):
            await StdoutSink(writing).give(lines(1))
    finally:
        os.close(writing)
