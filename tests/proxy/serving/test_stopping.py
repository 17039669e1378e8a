"""How a process is told to end: politely once, at once the second time."""

import os
import pty
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio
from proxy.serving.stopping import on_signal

async def main():
    stop = on_signal(lambda: print("reading", flush=True))
    print("ready", flush=True)
    await stop.wait()
    print("stopping", flush=True)
    await asyncio.sleep({linger})
    print("stopped", flush=True)

asyncio.run(main())
"""


def started(linger: float) -> subprocess.Popen[str]:
    """A process that ends `linger` seconds after it was told to."""
    command = (sys.executable, "-c", PROGRAM.format(linger=linger))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert said(process) == "ready"
    return process


def said(process: subprocess.Popen[str]) -> str:
    """Its next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_one_is_heard(number: signal.Signals) -> None:
    """It finishes what it does, and ends well."""
    with started(0) as process:
        process.send_signal(number)
        assert (said(process), said(process)) == ("stopping", "stopped")
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("first", "second"), [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)]
)
def test_the_second_one_ends_it(first: signal.Signals, second: signal.Signals) -> None:
    """Whatever it still does, and whichever of the two it is."""
    with started(600) as process:
        process.send_signal(first)
        assert said(process) == "stopping"
        process.send_signal(second)
        assert process.wait(30) == 130
        assert said(process) == ""


def test_a_hangup_reads_anew() -> None:
    """As often as it comes; the process goes on and ends as ever."""
    with started(0) as process:
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
            assert said(process) == "reading"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_terminal_that_is_closed_ends_it() -> None:
    """Nobody is left who could end it by Ctrl-C; while the terminal is there, a hangup reads anew."""
    ours, theirs = pty.openpty()
    command = (sys.executable, "-c", PROGRAM.format(linger=0))
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, text=True) as process:
        os.close(theirs)
        assert said(process) == "ready"
        process.send_signal(signal.SIGHUP)
        assert said(process) == "reading"
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        assert (said(process), said(process)) == ("stopping", "stopped")
        assert process.wait(30) == 0


def test_other_signals_are_not_touched() -> None:
    """They do what they always do."""
    with started(600) as process:
        process.send_signal(signal.SIGUSR1)
        assert process.wait(30) == -signal.SIGUSR1
