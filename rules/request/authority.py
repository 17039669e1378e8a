"""Hosts with exactly one spelling: the same to a resolver, a certificate and a server."""

import ipaddress
import re

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LOOKS_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_MAX_NAME = 253
_MAX_PORT = 65535


def canonical_host(host: str) -> str | None:
    """`host` in its one spelling, or None where resolvers read it differently.

    Refused are: trailing dots, non-ASCII names (only A-labels name a host on the wire), addresses
    in octal, hexadecimal or shortened form (WHATWG URL section 3.5 maps `0x7f.1` to 127.0.0.1,
    others look it up), scoped and IPv4-mapped IPv6 addresses.
    """
    if host.startswith("["):
        return _ipv6(host[1:-1]) if host.endswith("]") else None
    if ":" in host:
        return _ipv6(host)
    name = host.lower() if host.isascii() else ""
    labels = name.split(".")
    if len(name) > _MAX_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if _LOOKS_NUMERIC.fullmatch(labels[-1]):
        return _ipv4(name)
    return name


def is_address(host: str) -> bool:
    """Whether a canonical `host` is an IP address, which TLS never names (RFC 6066 section 3)."""
    return ":" in host or _LOOKS_NUMERIC.fullmatch(host.rpartition(".")[2]) is not None


def split_authority(authority: str, default_port: int) -> tuple[str, int] | None:
    """Host and port of an `authority` without user information, both canonical, or None."""
    host, port = authority, ""
    if not authority.endswith("]") and ":" in authority:
        host, _, port = authority.rpartition(":")
        if not _PORT.fullmatch(port) or int(port) > _MAX_PORT:
            return None
    if ":" in host and not host.startswith("["):
        return None
    name = canonical_host(host)
    return (name, int(port or default_port)) if name else None


def _ipv4(text: str) -> str | None:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        return None


def _ipv6(text: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return None if address.scope_id or address.ipv4_mapped else str(address)
