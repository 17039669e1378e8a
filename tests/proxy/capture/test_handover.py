"""Sockets handed from one process to another, and given up when the one that handed them has ended."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from proxy.capture.handover import Door, NotTaken, line_to
from tests.addons.plane import SECONDS
from tests.proxy.capture.unused import Greeter

AGENT = """
import sys
from pathlib import Path
from proxy.capture.handover import hand_over, line_to
from proxy.capture.listening import Role, bound
sockets = [*bound(Role.PROXY, 0, hosts=("127.0.0.1",)), *bound(Role.CAPTURED, 0, hosts=("127.0.0.1",))]
with line_to(Path(sys.argv[1])) as line:
    hand_over(line, sockets)
print(*(one.socket.getsockname()[1] for one in sockets), flush=True)
for one in sockets:
    one.socket.close()
sys.stdin.read()
"""


@asynccontextmanager
async def door(folder: Path) -> AsyncIterator[Greeter]:
    """A sidecar's door, open while this lasts."""
    plane = Greeter()
    task = asyncio.get_running_loop().create_task(Door(plane, folder).run())
    try:
        yield plane
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def said(port: int) -> bytes:
    """What is said to a connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(SECONDS):
            return await reader.read()
    finally:
        writer.close()


async def gone(port: int) -> None:
    """Wait until nobody listens."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                await said(port)
            except ConnectionRefusedError:
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("ending", ["quietly", "kill -9"])
async def test_they_are_served_while_the_agent_lives(tmp_path: Path, ending: str) -> None:
    """With kill -9 there is nobody left who could tidy up, and nothing to tidy."""
    folder = tmp_path / ("x" * 120)  # no path of a unix socket may be so long
    folder.mkdir()
    async with door(folder):
        agent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", AGENT, str(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert agent.stdout is not None
        assert agent.stdin is not None
        proxy, captured = map(int, (await agent.stdout.readline()).split())
        assert await said(proxy) == b"proxy"
        assert await said(captured) == b"captured"
        if ending == "kill -9":
            agent.kill()
        else:
            agent.stdin.close()
        await agent.wait()
        await gone(proxy)
        await gone(captured)


async def test_the_door_is_private(tmp_path: Path) -> None:
    """Only the owner can open it, and it is gone with the sidecar."""
    async with door(tmp_path):
        await asyncio.sleep(0)
        path = tmp_path / "capture.sock"
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()
    with pytest.raises(NotTaken, match="takes no namespaces"):
        line_to(tmp_path)


WRONG = {
    "no text": (b"\xff", 1),
    "no list": (b"5", 1),
    "an unknown role": (json.dumps(["console"]).encode(), 2),
    "roles without sockets": (json.dumps(["proxy", "captured"]).encode(), 1),
    "nothing at all": (json.dumps([]).encode(), 0),
    "no process": (json.dumps([]).encode(), 1),
    "no socket": (json.dumps(["captured"]).encode(), 2),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_not_taken(case: str, tmp_path: Path) -> None:
    """Whatever comes, nothing is served, and the next one is taken."""
    text, count = WRONG[case]
    async with door(tmp_path) as plane:
        await asyncio.sleep(0)
        for _ in range(2):
            with line_to(tmp_path) as line, socket.socket() as nothing:
                socket.send_fds(line, [text], [nothing.fileno()] * count)
                line.setblocking(False)
                async with asyncio.timeout(SECONDS):
                    answer = await asyncio.get_running_loop().sock_recv(line, 100)
            assert answer == b"it could not be read"
        assert plane.taken == []


async def test_who_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that stays open without a word ends."""
    monkeypatch.setattr("proxy.capture.handover._SECONDS", 0.2)
    async with door(tmp_path):
        await asyncio.sleep(0)
        with line_to(tmp_path) as line:
            line.setblocking(False)
            async with asyncio.timeout(SECONDS):
                assert await asyncio.get_running_loop().sock_recv(line, 100) == b"it could not be read"


async def test_another_user_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the folder let somebody in."""
    monkeypatch.setattr("proxy.capture.handover._uid_of_peer", lambda _: 1500)
    monkeypatch.setattr(os, "geteuid", lambda: 1337)
    async with door(tmp_path) as plane:
        await asyncio.sleep(0)
        with line_to(tmp_path) as line:
            line.setblocking(False)
            async with asyncio.timeout(SECONDS):
                assert await asyncio.get_running_loop().sock_recv(line, 100) == b"it could not be read"
        assert plane.taken == []
