"""Where agents may go: names are resolved once, every address is checked, and the checked one is used.

What is not the internet is closed unless the operator opens it; of that, the private ranges are open to
hosts that a rule names too. The gate's own listeners and its store are closed always.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from urllib.parse import urlsplit

from rules.request.authority import canonical_host, split_authority
from rules.verdict import ReasonId, Refusal

type Address = tuple[str, int]
type IP = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_RESOLVE_TIMEOUT = 5.0
_REMEMBER_SECONDS = 30.0
_REMEMBER_FAILURE_SECONDS = 2.0
_MAX_REMEMBERED = 4096

# Where clouds hand out credentials, beyond the link-local addresses.
_METADATA = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's wire server
        "192.0.0.192/32",  # Oracle
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google
    )
)
_PRIVATE = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
# All of IPv6 that is given out (RFC 4291 section 2.4), and the prefix that stands for IPv4 (RFC 6052).
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _Reach(StrEnum):
    """How far an address leads; the value continues "`host` ..."."""

    INTERNET = "is an address of the internet"
    """Open to everybody."""
    PRIVATE = "is a private address; to open it, name it in a rule or under `destinations.allow`"
    """Of the operator's own network: open to hosts that a rule names."""
    HERE = "is a loopback, link-local or metadata address; to open it, name it under `destinations.allow`"
    """Of this machine, or of what knows its secrets."""
    NOWHERE = "is not an address of the internet; to open it, name it under `destinations.allow`"
    """Reserved, multicast, or a tunnel to another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the operator opened: hosts, hosts with a port, and networks."""

    hosts: frozenset[str] = frozenset()
    places: frozenset[Address] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "Allowed":
        """Read `host`, `host:port`, address or CIDR entries. Raises ValueError naming the wrong one."""
        hosts, places, networks = set[str](), set[Address](), list[Network]()
        for entry in entries:
            if network := _network(entry):
                networks.append(network)
            elif (host := canonical_host(entry)) is not None:
                hosts.add(host)
            elif (place := split_authority(entry, 0)) is not None and place[1]:
                places.add(place)
            else:
                raise ValueError(f"`{entry}` is no host, host:port, address or CIDR range")
        return cls(hosts=frozenset(hosts), places=frozenset(places), networks=tuple(networks))

    def opens(self, host: str, port: int, address: IP) -> bool:
        """Whether an entry opens `address`, reached as `host` and `port`."""
        named = host in self.hosts or (host, port) in self.places
        return named or _within(address, self.networks)


@dataclass(slots=True, kw_only=True)
class Destinations:
    """Resolves and checks. `named`: whether a rule names a host.

    `tunnel_ports`: where a CONNECT may lead on any host; what `allowed` opens is open to it on every port.

    `own_ports`: ports on which the gate listens on this machine; `store`: host and port of its Redis.
    """

    allowed: Allowed
    named: Callable[[str], bool]
    tunnel_ports: frozenset[int] = frozenset({443})
    own_ports: set[int] = field(default_factory=set)
    store: frozenset[Address] = frozenset()
    clock: Callable[[], float] = monotonic
    _resolved: dict[Address, tuple[float, tuple[IP, ...]]] = field(default_factory=dict)
    _found: dict[Address, tuple[float, Address]] = field(default_factory=dict)

    async def find_tunnel(self, host: str, port: int) -> Address | Refusal:
        """Where a CONNECT to `host` and `port` may lead, or why it may not."""
        where = await self.find(host, port)
        if isinstance(where, Refusal) or port in self.tunnel_ports:
            return where
        if self.allowed.opens(host, port, ipaddress.ip_address(where[0])):
            return where
        return _refused(
            f"a tunnel may not lead to port {port}; to open it, add it to `destinations.connect_ports`, "
            "or the host to `destinations.allow`"
        )

    async def find(self, host: str, port: int) -> Address | Refusal:
        """The address to connect to for `host` and `port`, or why there is none."""
        addresses = await self._resolve(host, port)
        if not addresses:
            return Refusal(
                reason_id=ReasonId.DESTINATION_UNRESOLVED,
                reason=f"the name `{host}` does not resolve",
                status=502,
            )
        # One bad address refuses all: a name that points inwards as well is not to be trusted.
        for address in addresses:
            if await self._is_own(address, port):
                return _refused("the destination is a listener or the store of the gate itself")
            reach = _reach(address)
            if not self._opens(host, port, address, reach):
                return _refused(f"`{host}` {reach}")
        if known := self._resolved.get((host, port)):
            self._found[host, port] = (known[0], (str(addresses[0]), port))
        return str(addresses[0]), port

    def forget(self) -> None:
        """Check every place anew: what the rules name has changed."""
        self._found.clear()

    def remembered(self, host: str, port: int) -> Address | None:
        """The address that `find` gave for it, as long as the name's addresses are remembered."""
        until, address = self._found.get((host, port), (0.0, None))
        return address if until > self.clock() else None

    def _opens(self, host: str, port: int, address: IP, reach: _Reach) -> bool:
        if reach is _Reach.INTERNET or self.allowed.opens(host, port, address):
            return True
        return reach is _Reach.PRIVATE and self.named(host)

    async def _is_own(self, address: IP, port: int) -> bool:
        """Whether the gate listens there, or its store does, under whichever address of this machine."""
        ours = port in self.own_ports
        for host, at in self.store:
            if at != port:
                continue
            places = await self._resolve(host, at)
            if not places or address in places:  # nobody can tell where an unresolved store is not
                return True
            ours = ours or any(map(_is_local, places))
        return ours and _is_local(address)

    async def _resolve(self, host: str, port: int) -> tuple[IP, ...]:
        """All addresses of `host`, remembered for a short while; what failed, for a shorter one."""
        known = self._resolved.get((host, port))
        if known and known[0] > self.clock():
            return known[1]
        if len(self._resolved) >= _MAX_REMEMBERED:
            self._resolved.clear()
            self._found.clear()
        addresses = await _look_up(host, port)
        seconds = _REMEMBER_SECONDS if addresses else _REMEMBER_FAILURE_SECONDS
        self._resolved[host, port] = (self.clock() + seconds, addresses)
        return addresses


def _refused(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.DESTINATION_REFUSED, reason=reason, status=403)


def _reach(address: IP) -> _Reach:
    """How far `address` leads; one that stands for an IPv4 address is judged as that one."""
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        inner = _reach(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        # RFC 6052 section 3.1: this prefix stands for addresses of the internet only.
        return inner if inner is _Reach.INTERNET else _Reach.NOWHERE
    if address.is_loopback or address.is_link_local or _within(address, _METADATA):
        return _Reach.HERE
    if _within(address, _PRIVATE):
        return _Reach.PRIVATE
    given_out = address.version == 4 or address in _GIVEN_OUT
    return _Reach.INTERNET if address.is_global and given_out and not address.is_multicast else _Reach.NOWHERE


def _within(address: IP, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


async def _look_up(host: str, port: int) -> tuple[IP, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_TIMEOUT):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return ()
    addresses = [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in found]
    return tuple(dict.fromkeys(_unmapped(address) for address in addresses))


def _is_local(address: IP) -> bool:
    """Whether `address` belongs to this machine: only then can a socket be bound to it."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _unmapped(address: IP) -> IP:
    """An IPv4 address in IPv6 clothes is judged as the IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _network(entry: str) -> Network | None:
    """The addresses that `entry` stands for, if it stands for any. IPv4 has one spelling: its own."""
    try:
        network = ipaddress.ip_network(entry)
    except ValueError:
        return None
    mapped = network.version == 6 and network.network_address.ipv4_mapped
    return None if mapped or "%" in entry else network


def store_places(url: str) -> frozenset[Address]:
    """Where a Redis that is reached by TCP listens: no agent may ever go there."""
    parts = urlsplit(url)
    if parts.scheme == "unix" or parts.hostname is None:
        return frozenset()
    return frozenset({(parts.hostname, parts.port or 6379)})
