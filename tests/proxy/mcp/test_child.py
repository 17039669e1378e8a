"""A server's process: started, spoken to, and ended however it behaves."""

import sys

import pytest

from proxy.mcp.child import CannotStart, Child

_ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


async def test_lines_go_both_ways_and_its_end_is_told() -> None:
    """Closing its input ends a server that reads it."""
    child = await Child.start([sys.executable, "-c", _ECHO])
    await child.write(b"one")
    heard = child.lines()
    assert await anext(heard) == b"one"
    assert await child.end() == 0


async def test_a_server_that_does_not_leave_is_killed() -> None:
    """After it was asked twice."""
    child = await Child.start([sys.executable, "-c", _STUBBORN])
    assert await anext(child.lines()) == b"up"
    assert await child.end() == -9


@pytest.mark.parametrize("command", [["/no/such/server"], ["/etc/passwd"], ["\0"]], ids=["no", "text", "odd"])
async def test_what_is_no_program_is_told(command: list[str]) -> None:
    """With the command and the cure."""
    with pytest.raises(CannotStart, match="cannot be started"):
        await Child.start(command)
