"""Ports for the servers that tests start, of which no client takes one before the server listens."""

import random
import socket
from contextlib import suppress

_FIRST, _LAST, _HIGHER = 12_000, 22_000, 10_000


def free_port() -> int:
    """A port of loopback that is free, and so is the one 10,000 above it, which a cluster needs."""
    while True:
        # Both below the range from which the system gives ports to clients.
        port = random.randrange(_FIRST, _LAST)
        with socket.socket() as probe, socket.socket() as second, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + _HIGHER))
            return port


def free_ports(count: int) -> list[int]:
    """As many of them, each another one."""
    found = set[int]()
    while len(found) < count:
        found.add(free_port())
    return list(found)
