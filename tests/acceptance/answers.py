"""The upstream's script: what it answers to which request."""

import asyncio
import base64
import dataclasses
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.acceptance.received import Received

# A prime period, so that chunks of any usual size that change places are noticed.
_PERIOD = 65_521
_PATTERN = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(2_048))[:_PERIOD]


class Ending(StrEnum):
    """How an answer ends."""

    COMPLETE = "complete"
    """Sent whole."""

    HALF = "half"
    """The head and half of the announced body, then the line is cut."""

    CLOSE = "close"
    """The line is cut without an answer."""

    HANG = "hang"
    """Nothing is sent and the line stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted answer; `length` None means that the body's end is not known beforehand."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    chunks: Callable[[], AsyncGenerator[bytes]]
    length: int | None
    delay: float = 0.0
    ending: Ending = Ending.COMPLETE


def reply_to(received: Received) -> Reply:
    """Look the request up in the script; a path with bad numbers is answered with 400."""
    segments = received.path.strip("/").split("/")
    script = _script_for(received.method, segments[0])
    try:
        return script(received, segments[1:])
    except (ValueError, IndexError):
        return _text(400, f"{received.method} {received.path} is not in the script")


def deterministic_bytes(size: int) -> bytes:
    """The body of GET /bytes/<size>, and of GET /stream/<size>."""
    return b"".join(deterministic_chunks(size))


def deterministic_chunks(size: int) -> Iterator[bytes]:
    """The same bytes in pieces, for bodies that should not be in memory at once."""
    for _ in range(size // _PERIOD):
        yield _PATTERN
    if rest := size % _PERIOD:
        yield _PATTERN[:rest]


type Script = Callable[[Received, list[str]], Reply]


def _script_for(method: str, name: str) -> Script:
    if method in ("GET", "HEAD"):
        return _READS.get(name) or _ANY.get(name) or _not_found
    return _ANY.get(name) or _write


def _write(received: Received, _: list[str]) -> Reply:
    status = 201 if received.method == "POST" else 200
    return _json(
        status,
        {
            "count": received.number,
            "method": received.method,
            "target": received.target,
            "sha256": hashlib.sha256(received.body).hexdigest(),
        },
        headers=(("X-Upstream-Count", str(received.number)),),
    )


def _not_found(received: Received, _: list[str]) -> Reply:
    return _text(404, f"nothing at {received.path}")


def _bytes(_: Received, segments: list[str]) -> Reply:
    return _whole(200, deterministic_bytes(_natural(segments[0])), kind="application/octet-stream")


def _echo(received: Received, _: list[str]) -> Reply:
    return _json(
        200,
        {
            "method": received.method,
            "target": received.target,
            "headers": received.headers,
            "body_b64": base64.b64encode(received.body).decode(),
        },
    )


def _stream(_: Received, segments: list[str]) -> Reply:
    size = _natural(segments[0])

    async def chunks() -> AsyncGenerator[bytes]:
        for chunk in deterministic_chunks(size):
            yield chunk

    return Reply(headers=(("Content-Type", "application/octet-stream"),), chunks=chunks, length=size)


def _events(received: Received, _: list[str]) -> Reply:
    count = _natural(received.query.get("n", "3"))
    interval = float(received.query.get("interval", "0.1"))

    async def chunks() -> AsyncGenerator[bytes]:
        for number in range(count):
            if number:
                await asyncio.sleep(interval)
            data = json.dumps({"n": number, "sent": time.time()})
            yield f"id: {number}\ndata: {data}\n\n".encode()

    headers = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"))
    return Reply(headers=headers, chunks=chunks, length=None)


def _status(received: Received, segments: list[str]) -> Reply:
    code = _natural(segments[0])
    if not 200 <= code <= 599:
        raise ValueError("not a final status")
    return _text(code, f"{received.number}")


def _slow(received: Received, segments: list[str]) -> Reply:
    reply = _write(received, segments)
    return _ended(reply, Ending.COMPLETE, delay=float(received.query.get("seconds", "1")))


def _ending(ending: Ending) -> Script:
    return lambda received, segments: _ended(_write(received, segments), ending)


def _ended(reply: Reply, ending: Ending, *, delay: float = 0.0) -> Reply:
    return dataclasses.replace(reply, ending=ending, delay=delay)


def _json(status: int, value: object, *, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    body = json.dumps(value).encode()
    return _whole(status, body, kind="application/json", headers=headers)


def _text(status: int, text: str) -> Reply:
    return _whole(status, text.encode(), kind="text/plain; charset=utf-8")


def _whole(status: int, body: bytes, *, kind: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    async def chunks() -> AsyncGenerator[bytes]:
        yield body

    return Reply(
        status=status,
        headers=(("Content-Type", kind), *headers),
        chunks=chunks,
        length=len(body),
    )


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"`{text}` is not a number")
    return int(text)


_READS: dict[str, Script] = {"bytes": _bytes, "echo": _echo, "stream": _stream, "events": _events}
_ANY: dict[str, Script] = {
    "status": _status,
    "slow": _slow,
    "hang": _ending(Ending.HANG),
    "half": _ending(Ending.HALF),
    "close": _ending(Ending.CLOSE),
}
