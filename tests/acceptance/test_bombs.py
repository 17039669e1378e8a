"""One client's bomb: it costs no more than 256 MB of memory, and nobody else is kept waiting."""

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.clients import Call, with_requests
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

MEGABYTE = 1 << 20
MEMORY_LIMIT = 256 * MEGABYTE
WAIT_LIMIT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
HEAD = b"POST http://localhost:9/ HTTP/1.1\r\nHost: localhost:9\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bomb:
    """What each of several connections sends at once, and how many times."""

    payload: bytes
    connections: int
    answers: bytes | None
    """How the answer on each starts; None where the sidecar has to wait for more."""


def _post(body: bytes, *, encoding: str = "") -> bytes:
    coding = f"Content-Encoding: {encoding}\r\n" if encoding else ""
    return HEAD + f"{coding}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _zeros(size: int) -> bytes:
    """So many zeros in gzip, made without holding them."""
    packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    packed = [packer.compress(bytes(MEGABYTE)) for _ in range(size // MEGABYTE)]
    return b"".join(packed) + packer.flush()


def _values(count: int) -> bytes:
    return json.dumps([{"\u00e4": 1, "b": 2.5}] * count).encode()


DEEP = b"[" * (4 * MEGABYTE) + b"]" * (4 * MEGABYTE)
START = b"GET http://localhost:9/ HTTP/1.1\r\nHost: localhost:9\r\n"

# The rule below lets every body pass to a port where nobody listens, so what was judged is a 502.
BOMBS = {
    "a gzip of 256 MB": Bomb(
        payload=_post(_zeros(256 * MEGABYTE), encoding="gzip"), connections=8, answers=b"HTTP/1.1 413 "
    ),
    "a small gzip of many values": Bomb(
        payload=_post(gzip.compress(_values(60_000)), encoding="gzip"),
        connections=8,
        answers=b"HTTP/1.1 502 ",
    ),
    "many more values": Bomb(payload=_post(_values(400_000)), connections=4, answers=b"HTTP/1.1 502 "),
    "deep beyond reading": Bomb(payload=_post(DEEP), connections=6, answers=b"HTTP/1.1 502 "),
    "deep and just readable": Bomb(
        payload=_post(b"[" * 100_000 + b"]" * 100_000), connections=8, answers=b"HTTP/1.1 400 "
    ),
    "one endless header": Bomb(
        payload=START + b"X-Long: " + b"a" * (4 * MEGABYTE), connections=8, answers=b"HTTP/1.1 431 "
    ),
    "many headers": Bomb(
        payload=START + b"X: y\r\n" * 20_000 + b"\r\n", connections=8, answers=b"HTTP/1.1 431 "
    ),
    "heads that never end": Bomb(payload=START + b"X-Slow: ", connections=300, answers=None),
    "heads that stop short of the limit": Bomb(
        payload=START + b"X-Slow: " + b"a" * 60_000, connections=300, answers=None
    ),
    "bodies that never end": Bomb(
        payload=HEAD + b"Content-Length: 9\r\n\r\n{", connections=300, answers=None
    ),
    "large bodies that never end": Bomb(
        payload=HEAD + b"Content-Length: 16777216\r\n\r\n" + b" " * (15 * MEGABYTE),
        connections=30,
        answers=None,
    ),
    "many chunks that never end": Bomb(
        payload=HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n{\r\n" * 50_000,
        connections=8,
        answers=None,
    ),
    "connections that say nothing": Bomb(payload=b"", connections=500, answers=None),
}


@pytest.fixture(scope="module")
def rules() -> str:
    """Every body passes, so that judging it and sending it on are both part of the cost."""
    return "version: 1\nrules:\n  - {id: all, match: {host: localhost, method: POST}, tier: 2}\n"


@pytest.fixture(scope="module")
def idle(sidecar: Sidecar) -> int:
    """The sidecar's memory before the first bomb."""
    return sidecar.memory()


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb(case: str, idle: int, sidecar: Sidecar, upstream: Upstream) -> None:
    """While it goes off, another client gets its answers in time, and memory stays within its limit."""
    bomb = BOMBS[case]
    _forget_peak(sidecar.pid)
    with _bystander(sidecar, upstream) as waits, ExitStack() as lines:
        with ThreadPoolExecutor(4) as senders:
            heard = [
                senders.submit(_throw, lines.enter_context(_connect(sidecar)), bomb)
                for _ in range(bomb.connections)
            ]
        asked = len(waits)
        until(lambda: len(waits) >= asked + 2, deadline=20, what="the bystander to be served again")
    if bomb.answers is not None:
        assert {each.result()[: len(bomb.answers)] for each in heard} == {bomb.answers}
    assert max(waits) < WAIT_LIMIT_SECONDS
    assert _peak(sidecar.pid) - idle < MEMORY_LIMIT


@contextmanager
def _bystander(sidecar: Sidecar, upstream: Upstream) -> Iterator[list[float]]:
    """Another client that asks for small things; the list grows by the seconds of each answer."""
    call = Call(url=upstream.url("/bytes/100"), proxy=sidecar.proxy, ca=sidecar.ca, timeout=ANSWER_SECONDS)
    waits, stop = list[float](), threading.Event()

    def ask() -> None:
        while not stop.wait(0.05):
            asked_at = time.monotonic()
            assert with_requests(call).status == 200
            waits.append(time.monotonic() - asked_at)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            until(lambda: waits or asking.done(), deadline=20, what="the bystander to be served")
            yield waits
        finally:
            stop.set()
        asking.result()


def _connect(sidecar: Sidecar) -> socket.socket:
    port = int(sidecar.proxy.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)


def _throw(line: socket.socket, bomb: Bomb) -> bytes:
    """Send the bomb; return the beginning of the answer where there is to be one."""
    with suppress(OSError):  # the sidecar need not take all of what it refuses
        line.sendall(bomb.payload)
    return b"" if bomb.answers is None else line.recv(4096)


def _forget_peak(pid: int) -> None:
    """Have the kernel measure the peak of a process's memory from now on (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(pid: int) -> int:
    """The highest resident memory since then, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
