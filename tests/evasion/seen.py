"""One request as the upstream could have executed it."""

from dataclasses import dataclass
from posixpath import normpath
from urllib.parse import unquote_to_bytes

type Fields = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request. `doubts`: why other servers could have executed something else from the same bytes."""

    method: bytes
    target: bytes
    fields: Fields = ()
    """Names in lower case."""
    body: bytes = b""
    doubts: tuple[str, ...] = ()
    clear: bool = False
    """Whether anybody on the way could read it."""

    @property
    def origin(self) -> bytes:
        """The target without scheme and authority."""
        _, separator, rest = self.target.partition(b"://")
        if not separator or self.target.startswith(b"/"):
            return self.target
        _, slash, path = rest.partition(b"/")
        return slash + path or b"/"

    @property
    def paths(self) -> tuple[str, ...]:
        """The path without query: as written, decoded, and as a lenient server resolves it."""
        written = self.origin.partition(b"?")[0]
        decoded = unquote_to_bytes(written).decode("latin-1")
        resolved = normpath(decoded.replace("\\", "/")).replace("//", "/")
        return written.decode("latin-1"), decoded, resolved

    def __str__(self) -> str:
        doubts = f" ({'; '.join(self.doubts)})" if self.doubts else ""
        return f"{_short(self.method)} {_short(self.target)}{doubts}"


def _short(text: bytes) -> str:
    shown = ascii(text.decode("latin-1"))[1:-1]
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
