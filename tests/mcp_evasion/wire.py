"""A POST with exactly these bytes, through a proxy or direct."""

import socket
from contextlib import closing
from time import monotonic
from urllib.parse import urlsplit

from tests.mcp_evasion.corpus import Payload

_SECONDS = 20.0
_CHUNK = 65_536


def post(payload: Payload, url: str, *, proxy: str | None) -> bytes:
    """All that is answered before the connection ends, or for as long as an honest agent would wait."""
    parts = urlsplit(url)
    place = urlsplit(proxy or url)
    target = parts.path if proxy is None else url
    own = {name.lower() for name, _ in payload.fields}
    fields = [("Host", parts.netloc), *payload.fields, ("Connection", "close")]
    if not own & {"content-length", "transfer-encoding"}:
        fields.append(("Content-Length", str(len(payload.body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    data = f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "replace") + payload.body
    with closing(socket.create_connection((place.hostname or "", place.port or 80), _SECONDS)) as line:
        return _answer(line, data)


def _answer(line: socket.socket, data: bytes) -> bytes:
    heard, end = b"", monotonic() + _SECONDS
    try:
        line.sendall(data)
        while monotonic() < end and (chunk := line.recv(_CHUNK)):
            heard += chunk
    except OSError:
        pass  # a cut or an endless answer is one too; what was executed is what counts
    return heard
