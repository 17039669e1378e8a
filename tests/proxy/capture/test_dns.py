"""The resolver of captured agents: as a function, as sockets, and asked by a real stub."""

import asyncio
import socket
import struct

import pytest

from proxy.capture.dns import ANSWER_4, ANSWER_6, Resolver, answer
from proxy.capture.listening import Role, bound, port_of, serve_on
from tests.proxy.capture.unused import Nobody

A, AAAA, TXT, HTTPS, ANY = 1, 28, 16, 65, 255


def name(text: str) -> bytes:
    """The labels of a name."""
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".") if part) + b"\0"


def query(text: str, kind: int, *, flags: int = 0x0100, class_: int = 1, count: int = 1) -> bytes:
    """A question as a stub resolver sends it."""
    return struct.pack("!6H", 0xABCD, flags, count, 0, 0, 0) + name(text) + struct.pack("!2H", kind, class_)


ANSWERS = {
    "IPv4": ("api.pay.test", A, socket.inet_aton(ANSWER_4)),
    "IPv6": ("api.pay.test", AAAA, socket.inet_pton(socket.AF_INET6, ANSWER_6)),
    "a question that carries something": (f"{'x' * 63}.{'y' * 63}.evil.test", A, socket.inet_aton(ANSWER_4)),
    "this machine": ("localhost", A, socket.inet_aton("127.0.0.1")),
    "this machine's own names": ("a.LOCALHOST", AAAA, socket.inet_pton(socket.AF_INET6, "::1")),
    "text": ("evil.test", TXT, b""),
    "keys for encrypted hellos": ("pay.test", HTTPS, b""),
    "everything": ("pay.test", ANY, b""),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers(case: str) -> None:
    """Addresses are the same for all names, and all else has none."""
    text, kind, address = ANSWERS[case]
    asked = query(text, kind)
    said = answer(asked)
    assert said is not None
    head = struct.unpack_from("!6H", said)
    assert head == (0xABCD, 0x8180, 1, 1 if address else 0, 0, 0)
    assert said[12 : len(asked)] == asked[12:]
    record = said[len(asked) :]
    assert record.endswith(address)
    assert bool(record) == bool(address)


SILENCE = {
    "nothing": b"",
    "half a head": query("a.test", A)[:11],
    "an answer": query("a.test", A, flags=0x8180),
}
ERRORS = {
    "no question": (query("a.test", A, count=0), 1),
    "two questions": (query("a.test", A, count=2), 1),
    "cut in the name": (query("a.test", A)[:16], 1),
    "cut in the type": (query("a.test", A)[:-1], 1),
    "a name that points": (query("a.test", A).replace(b"\x01a\x04", b"\xc0\x0c\x04"), 1),
    "a name that is too long": (query(".".join(["x" * 63] * 5), A), 1),
    "another class": (query("version.bind", TXT, class_=3), 1),
    "an update": (query("a.test", A, flags=0x2800), 4),
}


@pytest.mark.parametrize("case", SILENCE)
def test_what_gets_no_answer(case: str) -> None:
    """What is no question starts no conversation."""
    assert answer(SILENCE[case]) is None


@pytest.mark.parametrize("case", ERRORS)
def test_what_gets_an_error(case: str) -> None:
    """An error, and nothing of the question comes back."""
    asked, code = ERRORS[case]
    said = answer(asked)
    assert said is not None
    assert (len(said), said[:2], said[3] & 0xF) == (12, b"\xab\xcd", code)


async def test_over_the_network() -> None:
    """UDP and TCP at one port; what is malformed does not end it."""
    sockets = bound(Role.DNS, 0, hosts=("127.0.0.1",))
    closing = [await serve_on(Nobody(), one) for one in sockets]
    port = port_of(sockets)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        await loop.sock_connect(line, ("127.0.0.1", port))
        await loop.sock_sendall(line, b"nonsense")
        await loop.sock_sendall(line, query("pay.test", A))
        async with asyncio.timeout(10):
            assert await loop.sock_recv(line, 512) == answer(query("pay.test", A))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        asked = query("pay.test", AAAA)
        writer.write(len(asked).to_bytes(2) + asked)
        async with asyncio.timeout(10):
            length = int.from_bytes(await reader.readexactly(2))
            assert await reader.readexactly(length) == answer(asked)
    writer.write(b"\xff\xff")
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    for close in closing:
        close()


async def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that says nothing ends."""
    monkeypatch.setattr("proxy.capture.dns._IDLE_SECONDS", 0.1)
    server = await asyncio.start_server(Resolver.talk, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()
