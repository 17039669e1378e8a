"""The agent: sends a case's bytes exactly, by its transport, and listens until nothing more will come."""

import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.evasion import wire1, wire2
from tests.evasion.corpus import Case, Transport
from tests.evasion.hearing import Answer, answers

_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 5.0
_AFTERWARDS_SECONDS = 0.05
_LONGEST_SECONDS = 10.0
_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back: raw, as answers, and how it ended."""

    data: bytes
    answers: tuple[Answer, ...]
    ending: str


def send(case: Case, *, port: int) -> Heard:
    """Run one case's exchange; it takes its own delays and a few seconds at most."""
    line = socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_SECONDS)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if case.connect is not None:
            answer = _open_tunnel(line, case.connect)
            if not answer.startswith(b"HTTP/1.1 200"):
                return _heard(answer, "no tunnel")
        if case.transport in (Transport.PROXY_TLS, Transport.CONNECT_TLS):
            line = _secured(line, case)
        return _exchange(line, case)
    except (OSError, ValueError) as error:
        return _heard(b"", f"no connection: {error}")
    finally:
        line.close()


def owed(case: Case) -> list[bytes]:
    """The methods of the requests that a strict server would answer; at least one."""
    if case.data.startswith(wire2.PREFACE):
        return [request.method for request in wire2.read(case.data)] or [b""]
    return [request.method for request in wire1.Tape().feed(case.data)] or [b""]


def _open_tunnel(line: socket.socket, authority: str) -> bytes:
    head = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
    line.sendall(head.encode())
    heard = b""
    while b"\r\n\r\n" not in heard and (data := line.recv(_READ_BYTES)):
        heard += data
    return heard


def _secured(line: socket.socket, case: Case) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whom the gate pretends to be is not what is tested here
    if case.alpn:
        context.set_alpn_protocols(list(case.alpn))
    return context.wrap_socket(line, server_hostname=case.sni)


def _exchange(line: socket.socket, case: Case) -> Heard:
    methods = owed(case)
    heard, ending = b"", "closed"
    try:
        for segment in case.segments:
            time.sleep(segment.delay)  # the case's own: the bytes arrive apart
            line.sendall(segment.data)
        end = time.monotonic() + _LONGEST_SECONDS
        while (data := _receive(line, _patience(heard, methods))) and time.monotonic() < end:
            heard += data
    except TimeoutError:
        ending = "silence" if len(answers(heard, methods)) < len(methods) else "answered"
    except OSError:
        ending = "cut"
        with suppress(OSError):
            while data := _receive(line, _AFTERWARDS_SECONDS):
                heard += data
    return _heard(heard, ending, methods)


def _patience(heard: bytes, methods: Sequence[bytes]) -> float:
    """Seconds to wait for more."""
    return _SILENCE_SECONDS if len(answers(heard, methods)) < len(methods) else _AFTERWARDS_SECONDS


def _receive(line: socket.socket, seconds: float) -> bytes:
    line.settimeout(seconds)
    return line.recv(_READ_BYTES)


def _heard(data: bytes, ending: str, methods: Sequence[bytes] = ()) -> Heard:
    return Heard(data=data, answers=tuple(answers(data, methods)), ending=ending)
