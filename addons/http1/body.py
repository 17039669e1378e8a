"""Bytes of an HTTP/1.1 connection in order of arrival, and the three ways in which a body ends."""

import re
from typing import Protocol

from rules.verdict import ReasonId, Refusal

_LINE_END = re.compile(rb"\r\n")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_MAX_CHUNK_LINE_BYTES = 1024
_MAX_TRAILER_BYTES = 16 * 1024


class Unreadable(ValueError):
    """These bytes are no message that the gate reads in exactly one way."""

    def __init__(
        self, reason: str, *, reason_id: ReasonId = ReasonId.FRAMING_AMBIGUOUS, status: int = 400
    ) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason_id=reason_id, reason=reason, status=status)


class Inbox:
    """Bytes that arrived and nobody has read yet."""

    __slots__ = ("_searched", "data")

    def __init__(self) -> None:
        self.data = bytearray()
        self._searched = 0

    def __len__(self) -> int:
        return len(self.data)

    def take(self, count: int) -> bytes:
        """Up to `count` bytes."""
        with memoryview(self.data) as view:
            taken = bytes(view[:count])
        del self.data[:count]
        self._searched = 0
        return taken

    def take_through(self, end: re.Pattern[bytes], *, most: int) -> bytes | None:
        """All bytes through the first `end`, or None while it is not there. Raises Unreadable."""
        # What was searched is not searched again: a slow sender would cost a square.
        found = end.search(self.data, max(0, self._searched - 3))
        self._searched = len(self.data)
        if (found.end() if found else self._searched) > most:
            raise Unreadable(
                f"the head is over {most} bytes", reason_id=ReasonId.HEADERS_TOO_LARGE, status=431
            )
        return self.take(found.end()) if found else None


class Body(Protocol):
    """How the end of a body is found."""

    done: bool
    """Whether all of it was taken."""
    trailers: bool
    """Whether fields came after it."""

    def take(self, inbox: Inbox) -> bytes:
        """As much of it as there is. Raises Unreadable."""

    def end(self) -> bool:
        """Whether the body is complete, now that its sender has closed the connection."""


class Sized:
    """A body of known length."""

    __slots__ = ("_left", "done", "trailers")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        self.trailers = False

    def take(self, inbox: Inbox) -> bytes:
        """As much of it as there is."""
        taken = inbox.take(self._left)
        self._left -= len(taken)
        self.done = self._left == 0
        return taken

    def end(self) -> bool:
        """Complete only if all of it came."""
        return self.done


class UntilClose:
    """The body of an answer that ends with the connection."""

    __slots__ = ("done", "trailers")

    def __init__(self) -> None:
        self.done = False
        self.trailers = False

    def take(self, inbox: Inbox) -> bytes:
        """All there is."""
        return inbox.take(len(inbox))

    def end(self) -> bool:
        """Complete, as far as anybody can tell."""
        self.done = True
        return True


class Chunked:
    """A body in chunks (RFC 9112 section 7.1)."""

    __slots__ = ("_last", "_left", "done", "trailers")

    def __init__(self) -> None:
        self._left = 0
        self._last = False
        self.done = False
        self.trailers = False

    def take(self, inbox: Inbox) -> bytes:
        """As much of it as there is. Raises Unreadable."""
        parts: list[bytes] = []
        while not self._last and (self._left or self._open(inbox)):
            part = inbox.take(self._left - 2)
            self._left -= len(part)
            parts.append(part)
            if not self._close(inbox):
                break
        if self._last:
            self._take_trailers(inbox)
        return b"".join(parts)

    def end(self) -> bool:
        """Complete only if the last chunk came."""
        return self.done

    def _open(self, inbox: Inbox) -> bool:
        """Read a chunk's size; its line end counts as two bytes of it."""
        line = _CHUNK_LINE.match(inbox.data, 0, _MAX_CHUNK_LINE_BYTES)
        if line is None:
            if len(inbox) >= _MAX_CHUNK_LINE_BYTES or b"\n" in inbox.data:
                raise Unreadable("a chunk does not begin with its size")
            return False
        size = int(line[1], 16)
        inbox.take(line.end())
        self._last = size == 0
        self._left = 0 if self._last else size + 2
        return not self._last

    def _close(self, inbox: Inbox) -> bool:
        """Whether the chunk's last byte and its line end were there."""
        if self._left > 2 or len(inbox) < 2:
            return False
        if inbox.take(2) != b"\r\n":
            raise Unreadable("a chunk is longer than its size")
        self._left = 0
        return True

    def _take_trailers(self, inbox: Inbox) -> None:
        while not self.done:
            line = inbox.take_through(_LINE_END, most=_MAX_TRAILER_BYTES)
            if line is None:
                return
            self.done = line == b"\r\n"
            self.trailers = self.trailers or not self.done
