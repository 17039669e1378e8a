"""Audit records to a syslog server: RFC 5424, over a socket of this machine, UDP or TCP (RFC 6587).

Syslog acknowledges nothing. Over TCP a piece counts as taken once the other side's kernel has all of it;
over UDP and the machine's own socket, once it has left.
"""

import asyncio
import errno
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Sequence

from proxy.audit.following import Line
from proxy.audit.sinks.settings import syslog_address
from proxy.channels.outgoing import Untold

_PRIORITY = 13 * 8 + 6
"""The facility `log audit`, informational."""
_LOOK_EVERY = 0.01
_MOST_DATAGRAM = 65_000


class SyslogSink:
    """Sends to `address`, over one connection for as long as that stands."""

    def __init__(self, address: str) -> None:
        self._scheme, self._host, self._port = syslog_address(address)
        self._socket: socket.socket | None = None
        self._name = socket.gethostname()[:255] or "-"

    async def give(self, lines: Sequence[Line]) -> None:
        """Send them. Raises Untold and OSError."""
        try:
            connected = self._standing() or await self._connect()
            stream = connected.type == socket.SOCK_STREAM
            for line in lines:
                await self._send(connected, self._message(line), stream=stream)
            if self._scheme == "tcp":
                await _left(connected)
        except BaseException:
            # Half a frame may have gone: only a new connection begins with a whole one.
            self._close()
            raise

    async def close(self) -> None:
        """End the connection."""
        self._close()

    def _message(self, line: Line) -> bytes:
        record = line.record
        head = f"<{_PRIORITY}>1 {record.at} {self._name} sidegate {os.getpid()} {record.kind} - "
        return head.encode("ascii", "replace") + line.text

    async def _send(self, connected: socket.socket, message: bytes, *, stream: bool) -> None:
        loop = asyncio.get_running_loop()
        if stream:
            await loop.sock_sendall(connected, b"%d %s" % (len(message), message))
        elif len(message) > _MOST_DATAGRAM:
            raise Untold("a record is longer than a datagram: use tcp")
        else:
            await _sent_datagram(connected, message)

    def _standing(self) -> socket.socket | None:
        """The connection, unless the other side has ended it."""
        if self._socket is None or self._socket.type != socket.SOCK_STREAM:
            return self._socket
        try:
            ended = self._socket.recv(1) == b""
        except BlockingIOError:
            ended = False
        if ended:
            self._close()
        return self._socket

    async def _connect(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        if self._scheme == "unix":
            self._socket = self._local()
            return self._socket
        kind = socket.SOCK_STREAM if self._scheme == "tcp" else socket.SOCK_DGRAM
        found = await loop.getaddrinfo(self._host, self._port, type=kind)
        family, _, _, _, where = found[0]
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)
        await loop.sock_connect(self._socket, where)
        return self._socket

    def _local(self) -> socket.socket:
        """A socket of this machine takes datagrams, as /dev/log does, or a stream."""
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            made = socket.socket(socket.AF_UNIX, kind)
            made.setblocking(False)
            try:
                made.connect(self._host)
            except OSError as error:
                made.close()
                if kind == socket.SOCK_DGRAM and error.errno == errno.EPROTOTYPE:
                    continue
                raise
            return made
        raise Untold("the socket takes neither datagrams nor a stream")

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None


async def _sent_datagram(connected: socket.socket, message: bytes) -> None:
    """Its reader may be slow; whoever waits for it gives up in time."""
    while True:
        try:
            connected.send(message)
        except BlockingIOError:
            await asyncio.sleep(_LOOK_EVERY)
        else:
            return


async def _left(connected: socket.socket) -> None:
    """Wait until the other side has acknowledged all that was sent."""
    while struct.unpack("i", fcntl.ioctl(connected, termios.TIOCOUTQ, b"\0" * 4))[0]:  # noqa: ASYNC110 (the kernel tells nobody)
        await asyncio.sleep(_LOOK_EVERY)
