"""Tests of the channels that are made of a configuration."""

import ssl

from proxy.channels.making import make, outgoing, place
from proxy.channels.settings import Channels
from proxy.destinations import Allowed, Destinations
from rules.verdict import Refusal
from tests.proxy.console.world import World


async def test_what_they_share() -> None:
    """The configured link goes first; the gate's ports are closed, what is allowed is open."""
    beside = Destinations(allowed=Allowed(), named=lambda _host: True, own_ports={8081})
    trust = ssl.create_default_context()
    carrier = outgoing(Channels(allow=("127.0.0.1",)), beside=beside, trust=trust)
    bare = place(Channels(), carrier, link="http://127.0.0.1:8081")
    assert bare.hold_link("x") == "http://127.0.0.1:8081/holds/x"
    made = place(Channels(link="https://review.example/"), carrier, link="http://127.0.0.1:8081")
    assert made.hold_link("x") == "https://review.example/holds/x"
    find = made.outgoing.destinations.find
    assert await find("127.0.0.1", 9000) == ("127.0.0.1", 9000)
    assert isinstance(await find("127.0.0.1", 8081), Refusal)
    assert isinstance(await find("10.0.0.1", 443), Refusal)
    beside.own_ports.add(9000)
    assert isinstance(await find("127.0.0.1", 9000), Refusal)


async def test_without_channels_nobody_tells(world: World) -> None:
    """It ends at once."""
    await make(world.reviewing()).watch()
