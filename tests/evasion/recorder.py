"""An upstream that takes whatever reaches it, answers all that looks like a request, and keeps it."""

import base64
import hashlib
import socket
import ssl
import threading
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from tests.acceptance.authority import Authority
from tests.acceptance.processes import until
from tests.evasion import wire1, wire2
from tests.evasion.places import Places
from tests.evasion.seen import Seen

PORTS = (80, 443)
"""Without these no case can be run."""

_READ_BYTES = 65_536
_IDLE_SECONDS = 20.0
_SETTLE_SECONDS = 1.0
_ACCEPT_SECONDS = 0.2
_TLS_RECORD = b"\x16"
_SWITCH_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BODY = b"{}"


@dataclass(slots=True, kw_only=True)
class Record:
    """What reached the upstream: requests, bytes that are none, and bytes after a switch of protocols."""

    seen: list[Seen] = field(default_factory=list)
    stray: bytes = b""
    switched: bytes = b""
    connections: int = 0

    def without(self, reads: Iterable[str]) -> Self:
        """The same but for one plain GET of each of these addresses: Sidegate's own look at what is held."""
        left = list(self.seen)
        for url in reads:
            target = f"/{url.split('/', 3)[3]}".encode("latin-1")
            plain = (s for s in left if (s.method, s.origin, s.body) == (b"GET", target, b""))
            if found := next(plain, None):
                left.remove(found)
        return replace(self, seen=left)


class Recorder:
    """Listens on both addresses of `places`; TLS or plain is the sender's choice, byte by byte."""

    def __init__(
        self, places: Places, *, authority: Authority, names: Collection[str], ports: Collection[int]
    ) -> None:
        leaf = authority.issue(*sorted(names))
        self._contexts = {
            places.http1: _context(leaf.chain, leaf.key, ("http/1.1",)),
            places.http2: _context(leaf.chain, leaf.key, ("h2", "http/1.1")),
        }
        self._ports = sorted({*PORTS, *ports})
        self._listeners: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._record = Record()
        self._open: dict[int, socket.socket] = {}
        self._count = 0
        self.closed_ports: set[int] = set()

    def __enter__(self) -> Self:
        try:
            for address in self._contexts:
                for port in self._ports:
                    self._listen(address, port)
        except BaseException:
            self.close()
            raise
        self._threads = [
            threading.Thread(target=self._accept, args=(listener,), daemon=True)
            for listener in self._listeners
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and cut every line."""
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # or the thread in `accept` keeps the port
            listener.close()
        for thread in self._threads:
            thread.join()
        self._cut()

    @property
    def noticed(self) -> int:
        """How many connections there were, since it began."""
        return self._count

    def take(self) -> Record:
        """All that came since the last call, once the lines are closed; an idle one is cut."""
        with suppress(AssertionError):
            until(lambda: not self._open, deadline=_SETTLE_SECONDS, what="the lines to close")
        self._cut()
        until(lambda: not self._open, deadline=_SETTLE_SECONDS, what="the cut lines to close")
        with self._lock:
            record, self._record = self._record, Record()
        return record

    def _listen(self, address: str, port: int) -> None:
        try:
            listener = socket.create_server((address, port))
        except OSError:
            if port in PORTS:
                raise
            self.closed_ports.add(port)  # what is let through to it still shows in the gate's own count
            return
        listener.settimeout(_ACCEPT_SECONDS)
        self._listeners.append(listener)

    def _cut(self) -> None:
        with self._lock:
            for line in self._open.values():
                with suppress(OSError):
                    socket.socket.shutdown(line, socket.SHUT_RDWR)  # of the line, not of TLS in it

    def _accept(self, listener: socket.socket) -> None:
        context = self._contexts[listener.getsockname()[0]]
        while listener.fileno() >= 0:
            try:
                line, _ = listener.accept()
            except OSError:
                continue  # nobody came in time, or the listener was closed
            with self._lock:
                self._count += 1
                self._open[self._count] = line
                self._record.connections += 1
            arguments = (self._count, line, context)
            threading.Thread(target=self._serve, args=arguments, daemon=True).start()

    def _serve(self, number: int, line: socket.socket, context: ssl.SSLContext) -> None:
        line.settimeout(_IDLE_SECONDS)
        conversation = _Conversation()
        try:
            line = _secured(line, context)
            conversation.clear = not isinstance(line, ssl.SSLSocket)
            with self._lock:
                self._open[number] = line
            while data := line.recv(_READ_BYTES):
                if answer := conversation.answer(data):
                    line.sendall(answer)
        except OSError:
            pass  # the sender left, or did not come to an end with TLS
        finally:
            line.close()
            self._keep(number, conversation)

    def _keep(self, number: int, conversation: "_Conversation") -> None:
        """Only now is it certain what is left over."""
        conversation.end()
        with self._lock:
            self._record.seen += conversation.seen
            self._record.stray += conversation.stray
            self._record.switched += conversation.switched
            del self._open[number]


class _Conversation:
    """One connection: what it brought, and what it hears."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.stray = b""
        self.switched = b""
        self.clear = True
        self._begun = b""
        self._has_switched = False
        self._http1: wire1.Tape | None = None
        self._http2: wire2.Tape | None = None

    def answer(self, data: bytes) -> bytes:
        """Take in bytes; what to say to them."""
        if self._has_switched:
            self.switched += data
            return b""
        if self._http1 is None and self._http2 is None:
            return self._begin(data)
        return self._answer1(data) if self._http1 else self._answer2(data)

    def end(self) -> None:
        """No more comes."""
        self.stray += self._begun
        for tape in (self._http1, self._http2):
            if tape is not None:
                cut, rest = tape.end()
                self.seen += cut
                self.stray += rest
        self.seen = [replace(request, clear=self.clear) for request in self.seen]

    def _begin(self, data: bytes) -> bytes:
        begun = self._begun + data
        if wire2.PREFACE.startswith(begun[: len(wire2.PREFACE)]) and len(begun) < len(wire2.PREFACE):
            self._begun = begun
            return b""
        self._begun = b""
        if begun.startswith(wire2.PREFACE):
            self._http2 = wire2.Tape()
            return wire2.welcome() + self._answer2(begun[len(wire2.PREFACE) :])
        self._http1 = wire1.Tape()
        return self._answer1(begun)

    def _answer1(self, data: bytes) -> bytes:
        assert self._http1 is not None
        seen = self._http1.feed(data)
        self.seen += seen
        if seen and (key := dict(seen[-1].fields).get(b"upgrade")):
            self._has_switched = True
            self.switched += self._http1.end()[1]
            return _switching(key, dict(seen[-1].fields).get(b"sec-websocket-key", b""))
        return b"".join(_answer(request) for request in seen)

    def _answer2(self, data: bytes) -> bytes:
        assert self._http2 is not None
        try:
            seen, settings = self._http2.feed(data)
        except ValueError:
            self.stray += data
            return b""
        self.seen += [request for _, request in seen]
        answers = [wire2.answer(stream, _BODY) for stream, _ in seen]
        return b"".join(([wire2.acknowledged()] if settings else []) + answers)


def _context(chain: object, key: object, alpn: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(chain), str(key))
    context.set_alpn_protocols(list(alpn))
    return context


def _secured(line: socket.socket, context: ssl.SSLContext) -> socket.socket:
    """The line in TLS if its first byte says so, else as it is."""
    if line.recv(1, socket.MSG_PEEK) != _TLS_RECORD:
        return line
    return context.wrap_socket(line, server_side=True)


def _answer(request: Seen) -> bytes:
    body = b"" if request.method == b"HEAD" else _BODY
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n" + body


def _switching(protocol: bytes, key: bytes) -> bytes:
    digest = hashlib.sha1(key + _SWITCH_KEY, usedforsecurity=False).digest()
    head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %b\r\n" % protocol
    return head + b"Sec-WebSocket-Accept: %b\r\n\r\n" % base64.b64encode(digest)
