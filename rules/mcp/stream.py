"""Answers on their way back to the agent: documents and event streams, message by message.

The event stream format is HTML's (section 9.2): lines end in CR LF, LF or CR, an empty one ends an event.
"""

import re
from collections.abc import Callable, Iterator

from rules.headers import Fields, first
from rules.mcp.message import Message, write
from rules.mcp.wire import Malformed, read_answer

MAX_MESSAGE_BYTES = 16 * 1024 * 1024

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r|\r\n\n|\n\r\n")
_LINE = re.compile(rb"\r\n|\n|\r")
_ENDPOINT = (b"event: endpoint", b"event:endpoint")
_DROPPED = frozenset({b"content-length", b"content-md5", b"digest", b"etag"})

type Edit = Callable[[Message], Message | None]
"""What the agent gets in place of a message; None: nothing."""


class Rewriting:
    """One answer, taken in as it arrives and given on as `edit` has it.

    `documents`: whether a JSON answer is held back and edited; event streams always are, event by event.
    `named`: told where messages are posted that a stream answers; whether the agent hears that.
    """

    def __init__(self, edit: Edit, *, documents: bool, named: Callable[[bytes], bool] | None = None) -> None:
        self._edit = edit
        self._documents = documents
        self._named = named
        self._events = False
        self._kept = bytearray()
        self._over = False

    def head(self, status: int, fields: Fields) -> Fields | None:
        """The head's fields as the agent gets them, None where the answer is to be left alone."""
        kind = (first(fields, b"content-type") or b"").split(b";")[0].strip().lower()
        plain = (first(fields, b"content-encoding") or b"identity").lower() == b"identity"
        self._events = kind == b"text/event-stream"
        edited = self._events or (self._documents and kind == b"application/json" and status == 200)
        if not (edited and plain):
            return None
        return tuple(field for field in fields if field[0].lower() not in _DROPPED)

    def data(self, data: bytes) -> bytes:
        """What can be given on after `data` has arrived."""
        self._kept += data
        if not self._events:
            self._over = self._over or len(self._kept) > MAX_MESSAGE_BYTES
            if self._over:
                self._kept.clear()
            return b""
        whole = b"".join(self._whole())
        if len(self._kept) > MAX_MESSAGE_BYTES:
            self._kept.clear()
            self._over = True
        return whole

    def end(self) -> bytes:
        """What is left when the answer has ended; an event without an end is none."""
        if self._events or self._over or not self._kept:
            return b""
        message = read_answer(bytes(self._kept))
        edited = None if isinstance(message, Malformed) else self._edit(message)
        return b"" if edited is None else write(edited)

    def _whole(self) -> Iterator[bytes]:
        """The events that are there, edited."""
        start = 0
        for end in _END.finditer(self._kept):
            if self._over:
                self._over = False  # the rest of one that was too long
            else:
                yield self._event(bytes(self._kept[start : end.start()]))
            start = end.end()
        del self._kept[:start]

    def _event(self, text: bytes) -> bytes:
        lines = _LINE.split(text)
        data = [line for line in lines if line == b"data" or line.startswith(b"data:")]
        content = b"\n".join(line[5:].removeprefix(b" ") for line in data)
        if not content.strip():
            return text + b"\n\n"
        if self._named is not None and any(line in _ENDPOINT for line in lines):
            return text + b"\n\n" if self._named(content) else b""
        message = read_answer(content)
        edited = None if isinstance(message, Malformed) else self._edit(message)
        others = [line for line in lines if line not in data]
        if edited is None:
            # Its id stays: a client may resume from it.
            kept = [line for line in others if line.startswith((b"id:", b"retry:"))]
            return b"\n".join(kept) + b"\n\n" if kept else b""
        return b"\n".join([*others, b"data: " + write(edited)]) + b"\n\n"
