"""What becomes of the seeds: number N of a run is the same bytes every time, but for the ports in them."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.garden.seeds import LAST, SEEDS, Place, Seed

_LINE = re.compile(rb"[^\r\n]+\r\n")
# What parsers trip over: ends of lines, blanks of all kinds, separators, digits of lengths, whole lines.
_NASTY = (
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b"\x00", b"\t", b" ", b"\x0b", b"\x0c", b"\x1f", b"\x7f",
    b"\x85", b"\xa0", b"\xff", b":", b",", b";", b"=", b"&", b"?", b"#", b"%", b"%00", b"%2e%2e/", b"/",
    b"\\", b"..", b"/../", b"@", b"0", b"1", b"f", b"+", b"-", b"0x", b'"', b"{", b"}", b"[", b"\xc0\xae",
    b"\r\nContent-Length: 0", b"\r\nContent-Length: 5", b"\r\nTransfer-Encoding: chunked",
    b"\r\nTransfer-Encoding : chunked", b"\r\nTransfer-Encoding: identity", b"\r\nHost: localhost",
    b"\r\nConnection: close", b"\r\nConnection: Content-Length", b"\r\n X-Folded: 1",
    b"\r\nExpect: 100-continue",
    b"\r\nX-HTTP-Method-Override: DELETE", b"\r\nContent-Encoding: gzip", b"0\r\n\r\n",
    b"GET /g/inserted HTTP/1.1\r\nHost: localhost\r\n\r\n",
)  # fmt: skip


class Operation(StrEnum):
    """What is done to a seed."""

    FLIP = "flip"
    """One to four bits are turned."""
    REPEAT = "repeat"
    """A line of the head stands twice, the second time perhaps a little different."""
    INSERT = "insert"
    """Bytes are put in."""
    BOTH = "both"
    """Bytes are put in, and a bit is turned."""
    SPLIT = "split"
    """The bytes are as they were, and come in two segments."""
    CUT = "cut"
    """Nothing comes after some byte."""


_TURNS = (
    Operation.FLIP, Operation.INSERT, Operation.FLIP, Operation.REPEAT, Operation.FLIP, Operation.SPLIT,
    Operation.FLIP, Operation.BOTH, Operation.FLIP, Operation.REPEAT, Operation.FLIP, Operation.INSERT,
    Operation.FLIP, Operation.SPLIT, Operation.FLIP, Operation.CUT,
)  # fmt: skip
_IN_BODY = 0.6
"""How often a bit is turned where it leaves the framing whole, if there is a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutated:
    """One mutated request: the segments that it comes in, and how many requests its seed was."""

    number: int
    operation: Operation
    segments: tuple[bytes, ...]
    requests: int = 1
    last: bool = False
    """Whether nothing can follow it on its connection."""


def mutate(seed: int, number: int, place: Place) -> Mutated:
    """Request `number` of the run with this seed. Splits and cuts go through every byte in turn."""
    chance = random.Random(seed << 40 | number)
    turn, kind = divmod(number, len(_TURNS))
    operation = _TURNS[kind]
    sown = _seed(turn, place)
    text = sown(place, b"%09d" % number)
    at = turn // len(SEEDS) % len(text)
    last = sown in LAST
    if operation is Operation.CUT and not place.tunnel:
        return Mutated(number=number, operation=operation, segments=(text[:at],), last=True)
    if operation in (Operation.CUT, Operation.SPLIT):
        segments = (text[:at], text[at:])
        return Mutated(number=number, operation=Operation.SPLIT, segments=segments, last=last)
    return Mutated(
        number=number,
        operation=operation,
        segments=(_OPERATIONS[operation](chance, text),),
        requests=2 if sown.__name__ == "pipelined" else 1,
        last=last,
    )


def _seed(turn: int, place: Place) -> Seed:
    """The seeds in turn; now and then, outside of tunnels, one after which a connection is over."""
    if not place.tunnel and turn % 16 == 15:
        return LAST[turn // 16 % len(LAST)]
    return SEEDS[turn % len(SEEDS)]


def _flip(chance: random.Random, text: bytes) -> bytes:
    flipped = bytearray(text)
    body = text.find(b"\r\n\r\n") + 4
    start = body if 4 <= body < len(text) and chance.random() < _IN_BODY else 0
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        flipped[chance.randrange(start, len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def _insert(chance: random.Random, text: bytes) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_NASTY) + text[at:]


def _both(chance: random.Random, text: bytes) -> bytes:
    return _flip(chance, _insert(chance, text))


def _repeat(chance: random.Random, text: bytes) -> bytes:
    head, _, _ = text.partition(b"\r\n\r\n")
    lines = list(_LINE.finditer(head + b"\r\n"))
    line = chance.choice(lines).group()
    change = chance.choice((bytes, bytes.swapcase, _underscored, _spaced, lambda one: _flip(chance, one)))
    at = chance.choice(lines).end()
    return text[:at] + change(line) + text[at:]


def _underscored(line: bytes) -> bytes:
    return line.replace(b"-", b"_")


def _spaced(line: bytes) -> bytes:
    return line.replace(b":", b" :", 1)


_OPERATIONS: dict[Operation, Callable[[random.Random, bytes], bytes]] = {
    Operation.FLIP: _flip,
    Operation.REPEAT: _repeat,
    Operation.INSERT: _insert,
    Operation.BOTH: _both,
}
