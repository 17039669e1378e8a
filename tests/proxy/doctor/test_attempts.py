"""Ways around the gate, from a network where all are open, and from others where all are closed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.doctor.attempts import _is_gate
from tests.nets import Echo, Net, joined, needs_nets, nets

ROOT = Path(__file__).parents[3]
WORLD_4, WORLD_6 = "203.0.113.1", "2001:db8:113::1"
SCRIPT = f"""
import json
from proxy.doctor.attempts import Aims, examine
aims = Aims(hosts=("{WORLD_4}", "{WORLD_6}"), closed=(8081,))
print(json.dumps({{one.check: one.level for one in examine(aims)}}))
"""
FAMILIES = ("ipv4", "ipv6")
WAYS = [
    f"way.{kind}"
    for family in FAMILIES
    for kind in (f"tcp.{family}.443", f"tcp.{family}.22", f"dns.{family}")
]
WAYS += [f"way.udp.{family}.443" for family in FAMILIES]


def tried(net: Net) -> dict[str, str]:
    """How each attempt went there."""
    with net:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
    levels: dict[str, str] = json.loads(done.stdout)
    return levels


@pytest.fixture
def pod() -> Iterator[Net]:
    """A pod with a console, and a cable to a world that answers everything."""
    world_has = [("tcp", host, port) for host in (WORLD_4, WORLD_6) for port in (443, 80, 22)]
    world_has += [("udp", host, port) for host in (WORLD_4, WORLD_6) for port in (443, 53)]
    console = [("tcp", "127.0.0.1", 8081)]
    with (
        nets(2) as (net, world),
        joined(net, world),
        Echo(world, "world", world_has),
        Echo(net, "console", console),
    ):
        yield net


@needs_nets
def test_everything_is_open(pod: Net) -> None:
    """Each way is found, over both families."""
    found = tried(pod)
    assert {check: found[check] for check in WAYS} == dict.fromkeys(WAYS, "fault")
    assert found["way.here.8081"] == "fault"


@needs_nets
def test_everything_is_stopped(pod: Net) -> None:
    """Refused at once: nothing to find."""
    pod.run("nft", "add", "table", "inet", "x")
    pod.run("nft", "add chain inet x c { type filter hook output priority 0; policy accept; }")
    pod.run("nft", "add rule inet x c meta l4proto udp drop")
    pod.run("nft", "add rule inet x c tcp flags & (syn | ack) == syn reject with tcp reset")
    assert set(tried(pod).values()) == {"ok"}


@needs_nets
def test_silence_is_a_doubt(pod: Net) -> None:
    """What others drop on the way cannot be told from what nobody answers."""
    pod.run("nft", "add", "table", "inet", "x")
    pod.run("nft", "add chain inet x c { type filter hook input priority 0; policy drop; }")
    found = tried(pod)
    assert {found[check] for check in WAYS} == {"doubt"}


def test_who_is_the_gate() -> None:
    """Not everybody that speaks HTTP."""
    assert _is_gate(b'HTTP/1.1 404 Not Found\r\n\r\n{"detail": "there is no such hold of this agent"}')
    assert _is_gate(b'HTTP/1.1 503 x\r\n\r\n{"type": "urn:sidegate:refused"}')
    assert not _is_gate(b"HTTP/1.1 404 Not Found\r\n\r\nno such page")
    assert not _is_gate(b"SSH-2.0-OpenSSH urn:sidegate:")
