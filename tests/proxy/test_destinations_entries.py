"""What the operator may write of destinations, and which places of them are the store's."""

import pytest

from proxy.destinations import Allowed, store_places

ENTRIES = ["a.example", "A.Example", "a.example:443", "127.0.0.1", "127.0.0.1:80", "::1", "[::1]", "[::1]:80"]
ENTRIES += ["10.0.0.0/8", "fd00::/8", "0.0.0.0/0", "::/0", "localhost"]
WRONG = [
    "",
    "*",
    "*.example",
    "http://a.example",
    "a.example/",
    "a.example:",
    "a.example:0",
    "a.example:70000",
]
WRONG += [
    "10.0.0.1/8",
    "10.0.0.0/33",
    "0x7f.1",
    "2130706433",
    "a b",
    "a.example.",
    "\u00e9.example",
    "u@a.example",
]
WRONG += ["::ffff:10.0.0.0/104", "::ffff:127.0.0.1", "fe80::1%eth0", "[::1", "::1:80:"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entries_that_are_read(entry: str) -> None:
    """A host, a host and port, an address or a network."""
    read = Allowed.parse([entry])
    assert len(read.hosts) + len(read.places) + len(read.networks) == 1


@pytest.mark.parametrize("entry", WRONG)
def test_entries_that_are_refused(entry: str) -> None:
    """What could be read in two ways, or would silently open nothing; the message names it."""
    with pytest.raises(ValueError, match="is no host, host:port, address or CIDR range") as raised:
        Allowed.parse(["a.example", entry])
    assert f"`{entry}`" in str(raised.value)


PLACES: dict[str, tuple[str, frozenset[tuple[str, int]]]] = {
    "a name": ("redis://r.example/0", frozenset({("r.example", 6379)})),
    "a name and a port": ("rediss://u:p@r.example:6380", frozenset({("r.example", 6380)})),
    "an ipv6 address": ("redis://[::1]:7000", frozenset({("::1", 7000)})),
    "a unix socket": ("unix:///run/redis.sock?db=1", frozenset()),
}


@pytest.mark.parametrize("case", PLACES)
def test_which_place_is_the_stores(case: str) -> None:
    """What the URL names, with the port that Redis has by itself; a unix socket has none."""
    url, places = PLACES[case]
    assert store_places(url) == places
