"""Where agents may go: tables of addresses, names that lie, and what no setting opens."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import destinations as module
from proxy.destinations import Address, Allowed, Destinations
from rules.verdict import ReasonId, Refusal

PUBLIC = "93.184.215.14"

ANY = "0.0.0.0"  # noqa: S104 (connected to, not bound)

type Names = dict[str, list[str]]
type Resolve = Callable[[Names], list[str]]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time in seconds."""
        return self.now


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Let names resolve as a test says; gives the list of names that were asked for."""
    real = socket.getaddrinfo

    def install(names: Names) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            asked.append(host)
            found = names.get(host, [host])
            return [info for address in found for info in real(address, port, *args, **kwargs)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return install


def gate(
    allow: Iterable[str] = (), *, named: Iterable[str] = (), store: Iterable[Address] = ()
) -> Destinations:
    """Destinations with these openings and rules."""
    names = frozenset(named)
    return Destinations(
        allowed=Allowed.parse(allow), named=lambda host: host in names, store=frozenset(store)
    )


async def opens(destinations: Destinations, host: str, port: int = 443) -> bool:
    """Whether an agent gets an address for that place; a refusal has to be of the right kind."""
    found = await destinations.find(host, port)
    if isinstance(found, Refusal):
        assert (found.reason_id, found.status) == (ReasonId.DESTINATION_REFUSED, 403), found
        return False
    assert found[1] == port
    return True


INTERNET = ["1.1.1.1", PUBLIC, "2606:4700:4700::1111", "172.32.0.1", "192.169.0.1", "64:ff9b::101:101"]
PRIVATE = ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd12:3456::1"]
CLOSED = {
    "loopback": "127.0.0.1",
    "the end of loopback": "127.255.255.254",
    "loopback v6": "::1",
    "unspecified": ANY,
    "unspecified v6": "::",
    "this network": "0.1.2.3",
    "link-local": "169.254.7.7",
    "link-local v6": "fe80::1",
    "aws metadata": "169.254.169.254",
    "aws container credentials": "169.254.170.2",
    "aws pod identity": "169.254.170.23",
    "aws metadata v6": "fd00:ec2::254",
    "aws pod identity v6": "fd00:ec2::23",
    "google metadata v6": "fd20:ce::254",
    "alibaba metadata": "100.100.100.200",
    "azure's wire server": "168.63.129.16",
    "oracle metadata": "192.0.0.192",
    "cgnat": "100.64.0.1",
    "the end of cgnat": "100.127.255.254",
    "benchmarking": "198.18.0.1",
    "documentation": "192.0.2.1",
    "documentation 2": "203.0.113.7",
    "documentation v6": "2001:db8::1",
    "multicast": "224.0.0.1",
    "multicast, global": "239.1.1.1",
    "multicast v6": "ff02::1",
    "multicast v6, global": "ff0e::1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "ietf": "192.0.0.8",
    "discard": "100::1",
    "site-local": "fec0::1",
    "never given out": "5f00::1",
    "far from given out": "4000::1",
    "ipv4-compatible loopback": "::127.0.0.1",
    "ipv4-translated loopback": "::ffff:0:127.0.0.1",
    "6to4 of loopback": "2002:7f00:1::1",
    "6to4 of private": "2002:a00:1::1",
    "6to4 of the internet": "2002:101:101::1",
    "nat64 of loopback": "64:ff9b::7f00:1",
    "nat64 of metadata": "64:ff9b::a9fe:a9fe",
    "nat64 of private": "64:ff9b::a00:1",
    "nat64 of cgnat": "64:ff9b::6440:1",
    "local nat64": "64:ff9b:1::a00:1",
    "teredo": "2001:0:7f00:1::",
}


@pytest.mark.parametrize("address", INTERNET)
async def test_the_internet_is_open(address: str) -> None:
    """An address of the internet needs neither a rule nor an opening, and is given back as it is."""
    assert await gate().find(address, 443) == (address, 443)


@pytest.mark.parametrize("address", PRIVATE)
async def test_private_addresses_need_a_rule(address: str, resolve: Resolve) -> None:
    """Closed to everybody, open to the host that a rule names, and to no other name of the same address."""
    resolve({"db.internal": [address], "evil.example": [address]})
    destinations = gate(named=["db.internal", address])
    assert await opens(destinations, "db.internal")
    assert await opens(destinations, address)
    assert not await opens(destinations, "evil.example")
    assert not await opens(gate(), address)


@pytest.mark.parametrize("case", CLOSED)
async def test_what_is_not_the_internet_is_closed(case: str, resolve: Resolve) -> None:
    """By its address and by a name for it, and a rule that names the host does not open it."""
    address = CLOSED[case]
    resolve({"evil.example": [address]})
    destinations = gate(named=["evil.example", address])
    assert not await opens(destinations, "evil.example")
    assert not await opens(destinations, address)


@pytest.mark.parametrize("case", CLOSED)
async def test_the_operator_opens_anything(case: str, resolve: Resolve) -> None:
    """By address, by network, by host, and by host and port; by nothing less."""
    address = CLOSED[case]
    resolve({"own.example": [address], "other.example": [address]})
    whole = "::/0" if ":" in address else "0.0.0.0/0"
    for entry in (address, whole):
        assert await opens(gate([entry]), "own.example")
    for entry in ("own.example", "own.example:443"):
        assert await opens(gate([entry]), "own.example")
        assert not await opens(gate([entry]), "other.example")
        assert not await opens(gate(["own.example:444"]), "own.example")


@pytest.mark.parametrize(
    ("mapped", "inner"), [("::ffff:127.0.0.1", "127.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1")]
)
async def test_an_ipv4_address_in_ipv6_clothes(mapped: str, inner: str, resolve: Resolve) -> None:
    """It is judged, and used, as the IPv4 address that a socket would reach."""
    resolve({"own.example": [mapped]})
    assert not await opens(gate(), "own.example")
    assert await gate([inner]).find("own.example", 443) == (inner, 443)


@given(st.ip_addresses())
async def test_only_private_ranges_depend_on_a_rule(address: object) -> None:
    """For any address at all: what a rule opens is private, and what is open is not this machine's."""
    text = str(address)
    bare, named = await gate().find(text, 443), await gate(named=[text]).find(text, 443)
    if isinstance(bare, Refusal) and not isinstance(named, Refusal):
        assert module._reach(module._unmapped(address)).name == "PRIVATE"  # type: ignore[arg-type]
    if not isinstance(bare, Refusal):
        assert address.is_global  # type: ignore[attr-defined]


LIES: dict[str, list[str]] = {
    "inwards first": ["127.0.0.1", PUBLIC],
    "inwards last": [PUBLIC, "127.0.0.1"],
    "inwards in the other family": [PUBLIC, "::1"],
    "metadata among many": [PUBLIC, "1.1.1.1", "169.254.169.254", "8.8.8.8"],
    "private": [PUBLIC, "10.0.0.1"],
}


@pytest.mark.parametrize("case", LIES)
async def test_one_bad_address_refuses_the_name(case: str, resolve: Resolve) -> None:
    """Whoever points a name inwards as well waits for us to take the other one next time."""
    resolve({"two.example": LIES[case]})
    assert not await opens(gate(), "two.example")


async def test_a_name_that_changes_its_mind(resolve: Resolve) -> None:
    """The address that was judged is the one that is used; the new one is judged anew."""
    names: Names = {"turn.example": [PUBLIC, "8.8.8.8"]}
    resolve(names)
    destinations, clock = gate(), Clock()
    destinations.clock = clock
    pinned = await destinations.find("turn.example", 443)
    assert pinned == (PUBLIC, 443)
    names["turn.example"] = ["127.0.0.1"]
    assert await destinations.find("turn.example", 443) == pinned
    clock.now += 31
    assert not await opens(destinations, "turn.example")


async def test_the_resolver_is_not_asked_each_time(resolve: Resolve) -> None:
    """An answer is good for half a minute, per host and port."""
    asked = resolve({"a.example": [PUBLIC]})
    destinations, clock = gate(), Clock()
    destinations.clock = clock
    for port in (443, 443, 8443, 443):
        assert await opens(destinations, "a.example", port)
    assert asked == ["a.example", "a.example"]
    clock.now += 29
    await opens(destinations, "a.example")
    assert len(asked) == 2
    clock.now += 2
    await opens(destinations, "a.example")
    assert len(asked) == 3


async def test_a_failure_is_forgotten_soon(monkeypatch: pytest.MonkeyPatch, resolve: Resolve) -> None:
    """A resolver that fails is asked again after a moment, not after half a minute, nor at once."""
    failed: list[str] = []

    def fail(host: str, *_: object, **__: object) -> None:
        failed.append(host)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    destinations, clock = gate(), Clock()
    destinations.clock = clock
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", fail)
        for _ in range(2):
            found = await destinations.find("a.example", 443)
            assert isinstance(found, Refusal)
            assert (found.reason_id, found.status) == (ReasonId.DESTINATION_UNRESOLVED, 502)
        assert failed == ["a.example"]
    resolve({"a.example": [PUBLIC]})
    clock.now += 3
    assert await opens(destinations, "a.example")


@pytest.mark.parametrize(
    ("port", "allow", "open_"),
    [
        (443, [], True),
        (8443, [], True),
        (80, [], False),
        (22, [], False),
        (22, ["a.test"], True),
        (22, ["a.test:22"], True),
        (22, ["a.test:23"], False),
        (22, ["8.8.8.0/24"], True),
        (22, ["b.test"], False),
    ],
)
async def test_ports_of_tunnels(resolve: Resolve, port: int, allow: list[str], open_: bool) -> None:
    """A tunnel leads to the configured ports, and wherever the operator opened a place by name or address."""
    resolve({"a.test": ["8.8.8.8"]})
    destinations = Destinations(
        allowed=Allowed.parse(allow), named=lambda _: False, tunnel_ports=frozenset({443, 8443})
    )
    found = await destinations.find_tunnel("a.test", port)
    assert found == ("8.8.8.8", port) if open_ else isinstance(found, Refusal)
    assert isinstance(await destinations.find_tunnel("127.0.0.1", port), Refusal)


async def test_what_is_remembered_is_bounded(resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that asks for ever new names takes no more memory for it."""
    monkeypatch.setattr(module, "_MAX_REMEMBERED", 8)
    resolve({f"n{n}.example": [PUBLIC] for n in range(50)})
    destinations = gate()
    for n in range(50):
        assert await opens(destinations, f"n{n}.example")
        assert len(destinations._resolved) <= 8


async def test_a_slow_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time it has not resolved, whatever it says later."""
    done = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        done.wait(10)
        return []

    monkeypatch.setattr(module, "_RESOLVE_TIMEOUT", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        async with asyncio.timeout(5):
            found = await gate().find("slow.example", 443)
    finally:
        done.set()
    assert isinstance(found, Refusal)
    assert found.reason_id is ReasonId.DESTINATION_UNRESOLVED


ODD = ["a\0b", "x" * 300, "\u00e9.example", "", " ", "%", "a..b", "[::1]", "::1%lo0%", "-", "\udc80"]


@pytest.mark.parametrize("host", ODD)
async def test_an_odd_name_does_not_raise(host: str) -> None:
    """Whatever a CONNECT names, the answer is a refusal."""
    assert isinstance(await gate().find(host, 443), Refusal)


OTHER_SPELLINGS = ["2130706433", "0x7f.1", "0x7f000001", "127.1", "0177.0.0.1", "127.0.0.1."]


@pytest.mark.parametrize("host", OTHER_SPELLINGS)
async def test_other_spellings_of_loopback(host: str) -> None:
    """A resolver that reads them finds loopback, and that is closed; one that does not finds nothing."""
    assert isinstance(await gate(["127.0.0.1:443"]).find(host, 443), Refusal)


OWN = ["127.0.0.1", "127.0.0.2", "::1", ANY, "::", "localhost", "::ffff:127.0.0.1"]


@pytest.mark.parametrize("host", OWN)
async def test_own_listeners_are_never_opened(host: str) -> None:
    """On every address of this machine, whatever is allowed; the same port elsewhere is not ours."""
    destinations = gate(["0.0.0.0/0", "::/0", "localhost"])
    assert await opens(destinations, host, 8081)
    destinations.own_ports.add(8081)
    assert not await opens(destinations, host, 8081)
    assert await opens(destinations, host, 8082)
    assert await opens(destinations, PUBLIC, 8081)


async def test_the_store_is_never_opened(resolve: Resolve) -> None:
    """By its address, by its name and by any other name of it, whatever is allowed."""
    resolve({"redis.internal": ["10.0.0.5"], "alias.example": ["10.0.0.5"], "beside": ["10.0.0.6"]})
    destinations = gate(["10.0.0.0/8", "redis.internal:6379"], store=[("redis.internal", 6379)])
    for host in ("redis.internal", "alias.example", "10.0.0.5"):
        assert not await opens(destinations, host, 6379)
        assert await opens(destinations, host, 6380)
    assert await opens(destinations, "beside", 6379)


async def test_a_store_that_moves_is_followed(resolve: Resolve) -> None:
    """Its name is resolved again, so its new address is closed as the old one was."""
    names: Names = {"redis.internal": ["10.0.0.5"]}
    resolve(names)
    destinations, clock = gate(["10.0.0.0/8"], store=[("redis.internal", 6379)]), Clock()
    destinations.clock = clock
    assert not await opens(destinations, "10.0.0.5", 6379)
    assert await opens(destinations, "10.0.0.6", 6379)
    names["redis.internal"] = ["10.0.0.6"]
    clock.now += 31
    assert not await opens(destinations, "10.0.0.6", 6379)


async def test_a_store_on_this_machine_is_closed_on_every_address(resolve: Resolve) -> None:
    """A server bound to all addresses is reached by each of them."""
    resolve({"redis.local": ["127.0.0.1"]})
    destinations = gate(["127.0.0.0/8", ANY], store=[("redis.local", 6379)])
    for host in ("127.0.0.1", "127.0.0.7", ANY):
        assert not await opens(destinations, host, 6379)


async def test_a_store_that_does_not_resolve_closes_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody knows where the store is, its port is closed everywhere."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        if host == "redis.internal":
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    destinations = gate(store=[("redis.internal", 6379)])
    assert not await opens(destinations, PUBLIC, 6379)
    assert await opens(destinations, PUBLIC, 443)
