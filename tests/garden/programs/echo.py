"""An ASGI and a WSGI application that append each request to the file in GARDEN_LOG before they answer."""

import hashlib
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

_LOG = os.open(os.environ["GARDEN_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_HEAD = [("Content-Type", "text/plain"), ("Content-Length", "2")]


def _keep(method: str, target: bytes, body: bytes) -> None:
    digest = hashlib.sha256(body).hexdigest()
    os.write(_LOG, f"{method.encode().hex()} {target.hex()} {digest}\n".encode())


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer `ok`."""
    if scope["type"] != "http":
        raise ValueError("only http is served here")
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            return  # the sender left in the middle
        body += event.get("body", b"")
        more = event.get("more_body", False)
    query: bytes = scope["query_string"]
    _keep(scope["method"], scope["raw_path"] + (b"?" + query if query else b""), body)
    head = [(name.lower().encode(), value.encode()) for name, value in _HEAD]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b"ok"})


def wsgi(environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    """Answer `ok`."""
    body: bytes = environ["wsgi.input"].read()
    _keep(environ["REQUEST_METHOD"], environ["RAW_URI"].encode("latin-1"), body)
    start("200 OK", _HEAD)
    return [b"ok"]
