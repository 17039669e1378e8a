"""The resolver of captured agents: every name has the same two addresses, and no question leaves.

Where a captured connection leads is decided by the name that it gives, resolved by the gate. So the address
that an agent is told means nothing, and a resolver that asks nobody cannot carry anything out.
"""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

ANSWER_4 = "198.18.0.1"
ANSWER_6 = "2001:2::1"
"""Of the ranges for benchmarks (RFC 2544, RFC 5180), which nobody has."""

_HEAD = struct.Struct("!HHHHHH")
_QUESTION_END = struct.Struct("!HH")
_RECORD = struct.Struct("!HHHIH")
_IN = 1
_TTL = 60
_POINTER_TO_QUESTION = 0xC00C
_RESPONSE, _OPCODE, _RECURSION = 0x8000, 0x7800, 0x0100
_AVAILABLE, _FORMAT_ERROR, _NOT_IMPLEMENTED = 0x0080, 1, 4
_MAX_NAME, _MAX_LABEL = 255, 63
_MAX_QUERY_BYTES = 4096
_IDLE_SECONDS = 10.0
_LOOPBACK = (b"localhost",)
# For the two types of address records: that of this machine, and that of everybody else.
_ADDRESSES = {
    1: (socket.inet_aton("127.0.0.1"), socket.inet_aton(ANSWER_4)),
    28: (socket.inet_pton(socket.AF_INET6, "::1"), socket.inet_pton(socket.AF_INET6, ANSWER_6)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    text: bytes
    labels: tuple[bytes, ...]
    kind: int


def answer(query: bytes) -> bytes | None:
    """The answer to a DNS message, or None where it is none. What is no question of an address is empty."""
    if len(query) < _HEAD.size:
        return None
    number, flags, questions, *_ = _HEAD.unpack_from(query)
    if flags & _RESPONSE:
        return None
    kept = _RESPONSE | _AVAILABLE | flags & (_OPCODE | _RECURSION)
    if flags & _OPCODE:
        return _HEAD.pack(number, kept | _NOT_IMPLEMENTED, 0, 0, 0, 0)
    question = _question(query) if questions == 1 else None
    if question is None:
        return _HEAD.pack(number, kept | _FORMAT_ERROR, 0, 0, 0, 0)
    address = _address(question)
    record = _RECORD.pack(_POINTER_TO_QUESTION, question.kind, _IN, _TTL, len(address)) + address
    head = _HEAD.pack(number, kept, 1, 1 if address else 0, 0, 0)
    return head + question.text + (record if address else b"")


def _question(query: bytes) -> _Question | None:
    """The one question of a message; a name in it points nowhere."""
    labels: list[bytes] = []
    at = _HEAD.size
    while at < len(query) and (length := query[at]):
        if length > _MAX_LABEL or at + 1 + length > len(query):
            return None
        labels.append(query[at + 1 : at + 1 + length].lower())
        at += 1 + length
    end = at + 1 + _QUESTION_END.size
    if end > len(query) or at + 1 - _HEAD.size > _MAX_NAME:
        return None
    kind, class_ = _QUESTION_END.unpack_from(query, at + 1)
    if class_ != _IN:
        return None
    return _Question(text=query[_HEAD.size : end], labels=tuple(labels), kind=kind)


def _address(question: _Question) -> bytes:
    """The address of the name, nothing for all other kinds: no key for encrypted hellos among them."""
    here, elsewhere = _ADDRESSES.get(question.kind, (b"", b""))
    return here if question.labels[-1:] == _LOOPBACK else elsewhere


class Resolver(asyncio.DatagramProtocol):
    """Answers over UDP, and with `talk` over TCP."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It listens."""
        assert isinstance(transport, asyncio.DatagramTransport)  # noqa: S101 (of this protocol it always is)
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        if self._transport is not None and len(data) <= _MAX_QUERY_BYTES and (said := answer(data)):
            self._transport.sendto(said, addr)

    @staticmethod
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on one connection until it falls silent."""
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                while said := await _next(reader):
                    writer.write(len(said).to_bytes(2) + said)
                    async with asyncio.timeout(_IDLE_SECONDS):
                        await writer.drain()
        finally:
            writer.close()


async def _next(reader: asyncio.StreamReader) -> bytes | None:
    async with asyncio.timeout(_IDLE_SECONDS):
        length = int.from_bytes(await reader.readexactly(2))
        if length > _MAX_QUERY_BYTES:
            return None
        return answer(await reader.readexactly(length))
