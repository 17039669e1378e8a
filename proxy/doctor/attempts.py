"""Ways around the gate, tried from where this process stands.

Each is one packet or one short request to an address that nobody has, unless another is named: who answers
there is the gate, or nobody. What gets no answer at all may have left, or may have been dropped by others.
"""

import errno
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from proxy.capture.dns import ANSWER_4, answer
from proxy.doctor.finding import Finding, doubt, fault, ok
from rules.reply import STATUS_HOST

_SECONDS = 2.0
_METADATA = ("169.254.169.254", "fd00:ec2::254")
_NAME = "way-out.sidegate-doctor.invalid"
_MOST_BYTES = 4096
_AT_ONCE = 16
_DEAD = "up `sidegate capture`, or run the agent under `sidegate exec`"
# The kernel says so when a packet is not to leave, or has nowhere to go.
_STOPPED = (
    errno.EPERM,
    errno.EACCES,
    errno.ECONNREFUSED,
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EADDRNOTAVAIL,
    errno.EAFNOSUPPORT,
    errno.ECONNRESET,
    errno.ENETDOWN,
    errno.EINVAL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aims:
    """What to reach for: hosts outside, and ports of this machine that are closed to agents."""

    hosts: Sequence[str] = ("192.0.2.1", "2001:db8::1")
    ports: Sequence[int] = (443, 80, 22)
    closed: Sequence[int] = (8081, 6379)


class _End(Enum):
    """What became of an attempt."""

    GATE = auto()
    """The gate answered."""
    STOPPED = auto()
    """It was refused at once."""
    OUTSIDE = auto()
    """Somebody else answered."""
    SILENCE = auto()
    """Nobody answered."""


def examine(aims: Aims) -> list[Finding]:
    """Try all of them, at once: most of the time is spent waiting for who does not answer."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(lambda attempt: attempt(), _attempts(aims)))


def _attempts(aims: Aims) -> Iterator[Callable[[], Finding]]:
    for host in aims.hosts:
        family = "ipv6" if ":" in host else "ipv4"
        for port in aims.ports:
            yield partial(_way, f"tcp.{family}.{port}", f"TCP to port {port}", partial(_tcp, host, port))
        hello = b"\xc0" + bytes(1199)
        yield partial(_way, f"udp.{family}.443", "UDP to port 443 (QUIC)", partial(_udp, host, 443, hello))
        yield partial(_way, f"dns.{family}", "a question about a name", partial(_dns, host))
    for host in _METADATA:
        family = "ipv6" if ":" in host else "ipv4"
        yield partial(_way, f"metadata.{family}", "the metadata service", partial(_tcp, host, 80))
    for port in aims.closed:
        yield partial(_closed, port)


def _way(name: str, what: str, attempt: Callable[[], _End]) -> Finding:
    check = f"way.{name}"
    match attempt():
        case _End.GATE:
            return ok(check, f"{what}: the gate answers")
        case _End.STOPPED:
            return ok(check, f"{what}: it goes nowhere")
        case _End.OUTSIDE:
            return fault(check, f"{what}: somebody outside answers", _DEAD)
        case _End.SILENCE:
            return doubt(check, f"{what}: no answer, and nothing here stopped it", _DEAD)


def _closed(port: int) -> Finding:
    """A port of this machine that only others may reach."""
    check = f"way.here.{port}"
    for host in ("127.0.0.1", "::1"):
        try:
            socket.create_connection((host, port), _SECONDS).close()
        except OSError:
            continue
        cure = f"up `sidegate capture` with --close {port}, or give the agent a network of its own"
        return fault(
            check, f"port {port} of this machine is open to the agent: the console or the store", cure
        )
    return ok(check, f"port {port} of this machine is closed to the agent")


def _tcp(host: str, port: int) -> _End:
    authority = STATUS_HOST if port == 80 else f"{STATUS_HOST}:{port}"
    asked = f"GET /holds/doctor HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection((host, port), _SECONDS) as line:
            line.sendall(asked)
            return _End.GATE if _is_gate(_all(line)) else _End.OUTSIDE
    except OSError as error:
        return _ended(error)


def _all(line: socket.socket) -> bytes:
    """What comes, as far as it comes."""
    heard = b""
    try:
        while len(heard) < _MOST_BYTES and (data := line.recv(_MOST_BYTES)):
            heard += data
    except OSError:
        pass
    return heard


def _is_gate(heard: bytes) -> bool:
    return heard.startswith(b"HTTP/1.1 ") and (
        b"urn:sidegate:" in heard or b"no such hold of this agent" in heard
    )


def _udp(host: str, port: int, data: bytes) -> _End:
    heard = _exchange(host, port, data)
    return heard if isinstance(heard, _End) else _End.OUTSIDE


def _dns(host: str) -> _End:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in _NAME.split("."))
    asked = struct.pack("!6H", 0x5347, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)
    heard = _exchange(host, 53, asked)
    if isinstance(heard, _End):
        return heard
    # Nobody else gives this name, or any, that address.
    return _End.GATE if heard == answer(asked) and socket.inet_aton(ANSWER_4) in heard else _End.OUTSIDE


def _exchange(host: str, port: int, data: bytes) -> bytes | _End:
    """The datagram that comes back for one that is sent."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(_SECONDS)
            line.connect((host, port))
            line.send(data)
            return line.recv(_MOST_BYTES)
    except OSError as error:
        return _ended(error)


def _ended(error: OSError) -> _End:
    return _End.STOPPED if error.errno in _STOPPED else _End.SILENCE
