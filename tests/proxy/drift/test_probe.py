"""Reads that Sidegate sends by itself: judged, checked, recorded, bounded."""

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxy.credentials.supply import Supplied
from proxy.destinations import Allowed, Destinations
from proxy.drift.probe import Probe
from proxy.witness import Witness
from rules.drift.image import Image
from rules.drift.read import Read, Subject
from rules.drift.reference import Place
from rules.headers import Fields
from tests.acceptance.authority import Authority
from tests.proxy.replays import rules
from tests.proxy.rest import Rest, rest


@pytest.fixture
def server(authority: Authority) -> Iterator[Rest]:
    """Run a server that has one thing."""
    with rest(authority.issue()) as server:
        server.set("/a", '{"x": 1}')
        yield server


@pytest.fixture
def probe(authority: Authority) -> Probe:
    """A probe that may go to this machine."""
    return Probe(
        destinations=Destinations(allowed=Allowed.parse(["localhost"]), named=lambda _: False),
        ruleset=rules,
        trust=ssl.create_default_context(cafile=authority.ca),
    )


def read(port: int, target: str = "/a", **changes: str) -> Read:
    """A read of the server's thing."""
    place = Place(scheme="https", host=changes.get("host", "localhost"), port=port, target=target)
    return Read(subject=Subject.RESOURCE, place=place, obstacle=changes.get("obstacle", ""))


def host(port: int) -> Fields:
    """The fields of a plain read."""
    return ((b"Host", b"localhost:%d" % port),)


async def test_what_is_there(probe: Probe, server: Rest) -> None:
    """One GET with exactly the given fields, credentials in place of what the agent had."""
    fields = (*host(server.port), (b"X-Key", b"placeholder"))
    shown = await probe.see(
        read(server.port, "/a?b=%20c"), fields, Supplied(fields=((b"x-key", b"s"),)), within=10
    )
    assert isinstance(shown, Image)
    assert (shown.text, shown.etag) == ('{"x": 1}', server.things["/a"].etag)
    [heard] = server.heard
    assert (heard.method, heard.target) == ("GET", "/a?b=%20c")
    assert heard.headers == {"host": f"localhost:{server.port}", "x-key": "s"}


REFUSED: dict[str, tuple[Callable[[int], Read], Fields, str]] = {
    "obstacle": (lambda port: read(port, obstacle="its path is odd"), (), "its path is odd"),
    "two readings": (lambda port: read(port, "/a/../b"), (), "the path has dot segments"),
    "metadata": (
        lambda _: Read(
            subject=Subject.PAYLOAD, place=Place(scheme="http", host="169.254.169.254", port=80, target="/")
        ),
        ((b"Host", b"169.254.169.254"),),
        "`169.254.169.254` is a loopback, link-local or metadata address",
    ),
    "override": (read, ((b"X-HTTP-Method-Override", b"DELETE"),), "reading it is tier 4"),
    "not a read": (lambda port: read(port, "/a/delete?_method=DELETE"), (), "reading it is tier"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_sent(probe: Probe, server: Rest, name: str) -> None:
    """No destination, spelling or meaning that an agent could not reach with a plain read of tier 1."""
    made, fields, why = REFUSED[name]
    found = made(server.port)
    own = fields if any(n == b"Host" for n, _ in fields) else (*host(server.port), *fields)
    shown = await probe.see(found, own, Supplied(), within=10)
    assert isinstance(shown, str)
    assert shown.startswith(why)
    assert server.heard == []


async def test_budgets_and_observation_are_not_spent(
    probe: Probe, server: Rest, authority: Authority
) -> None:
    """A read that a rule only lets go because it observes is not sent."""
    text = "version: 1\nmode: observe\nrules:\n  - {id: r, match: {host: localhost, method: GET}, tier: 3}\n"
    watching = Probe(destinations=probe.destinations, ruleset=lambda: rules(text), trust=probe.trust)
    shown = await watching.see(read(server.port), host(server.port), Supplied(), within=10)
    assert isinstance(shown, str)
    assert server.heard == []


async def test_nobody_there(probe: Probe) -> None:
    """A failure is told without the upstream's words."""
    assert await probe.see(read(9), host(9), Supplied(), within=10) == "the connection to the upstream failed"


async def test_a_stranger_is_not_believed(server: Rest, probe: Probe) -> None:
    """A certificate of another authority ends it before anything is sent."""
    strict = Probe(destinations=probe.destinations, ruleset=rules, trust=ssl.create_default_context())
    shown = await strict.see(
        read(server.port), host(server.port), Supplied(fields=((b"X-Key", b"s"),)), within=10
    )
    assert shown == "the connection to the upstream failed"
    assert server.heard == []


async def test_time_is_bounded(probe: Probe, server: Rest) -> None:
    """An answer without end is left."""
    server.stalled = True
    shown = await probe.see(read(server.port), host(server.port), Supplied(), within=0.3)
    assert shown == "no whole answer came within 0.3 s"


async def test_every_read_is_on_the_witness(probe: Probe, server: Rest, tmp_path: Path) -> None:
    """One line before it leaves, as a read that passed; without a witness that can be written, none."""
    witness = Witness(tmp_path / "witness.jsonl")
    watched = Probe(destinations=probe.destinations, ruleset=rules, trust=probe.trust, witness=witness)
    await watched.see(read(server.port), host(server.port), Supplied(), within=10)
    [line] = (tmp_path / "witness.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["method"], told["target"]) == ("GET", f"https://localhost:{server.port}/a")
    assert (told["verdict"], told["tier"], told["hold"]) == ("pass", 1, None)
    (tmp_path / "witness.jsonl").unlink()
    shown = await watched.see(read(server.port), host(server.port), Supplied(), within=10)
    witness.close()
    assert isinstance(shown, str)
    assert "was deleted" in shown
    assert len(server.heard) == 1
