"""One HTTP request exactly as it reached the gate, before anybody has interpreted it."""

from dataclasses import dataclass

from rules.headers import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The bytes of a request and what the connection itself proves about its destination.

    `host` and `port` are where the connection goes (CONNECT target, absolute-form target, or
    original destination), never what a header says. `sni` is None on a connection without TLS.
    """

    scheme: str
    host: str
    port: int
    sni: str | None
    method: bytes
    target: bytes
    """Origin-form: path and query, as sent."""
    fields: Fields
    body: bytes
    version: str = "HTTP/1.1"
    """`HTTP/1.0`, `HTTP/1.1` or `HTTP/2`."""
