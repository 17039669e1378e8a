"""An answer that is only looked at: given on as it arrives, and read before the agent has the end of it."""

from collections.abc import Callable

from rules.headers import Fields, first
from rules.mcp.message import Message
from rules.mcp.stream import Rewriting
from rules.mcp.wire import Malformed, read_answer

MAX_BYTES = 1024 * 1024
"""Of a longer document nothing is read."""
_OK = 200


class Looking:
    """What `inner` edits is left to it; `look` gets the message of a document that it leaves alone."""

    def __init__(self, inner: Rewriting, look: Callable[[Message], None]) -> None:
        self._inner = inner
        self._look = look
        self._kept: bytearray | None = None
        self._own = False

    def head(self, status: int, fields: Fields) -> Fields | None:
        """The head's fields, None where the answer is left alone."""
        edited = self._inner.head(status, fields)
        kind = (first(fields, b"content-type") or b"").split(b";")[0].strip().lower()
        plain = (first(fields, b"content-encoding") or b"identity").lower() == b"identity"
        if edited is not None or not (kind == b"application/json" and status == _OK and plain):
            return edited
        self._own, self._kept = True, bytearray()
        return tuple(field for field in fields if field[0].lower() != b"content-length")

    def data(self, data: bytes) -> bytes:
        """What can be given on: the same, where it is only looked at."""
        if not self._own:
            return self._inner.data(data)
        if self._kept is not None:
            self._kept += data
            if len(self._kept) > MAX_BYTES:
                self._kept = None
        return data

    def end(self) -> bytes:
        """What is left, which is nothing where it is only looked at."""
        if not self._own:
            return self._inner.end()
        message = read_answer(bytes(self._kept)) if self._kept else None
        if message is not None and not isinstance(message, Malformed):
            self._look(message)
        return b""
