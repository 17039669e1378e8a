"""A host has one spelling, or it is refused."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.request.authority import canonical_host, split_authority

_SPELLED = {
    "api.pay.test": "api.pay.test",
    "API.Pay.TEST": "api.pay.test",
    "localhost": "localhost",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "XN--BCHER-KVA.example": "xn--bcher-kva.example",
    "_dmarc.pay.test": "_dmarc.pay.test",
    "a_b.pay.test": "a_b.pay.test",
    "3com.test": "3com.test",
    "0x7f.test": "0x7f.test",
    "1.2.3.4.test": "1.2.3.4.test",
    "127.0.0.1": "127.0.0.1",
    "::1": "::1",
    "[::1]": "::1",
    "0:0:0:0:0:0:0:1": "::1",
    "[2001:DB8:0:0::7]": "2001:db8::7",
    f"{'a' * 63}.test": f"{'a' * 63}.test",
    ".".join(["a" * 49] * 5): ".".join(["a" * 49] * 5),
}


@pytest.mark.parametrize(("host", "canonical"), _SPELLED.items(), ids=_SPELLED)
def test_a_host_gets_its_one_spelling(host: str, canonical: str) -> None:
    """Case and the ways to write one IPv6 address are all that may differ."""
    assert canonical_host(host) == canonical


_REFUSED = {
    "nothing": "",
    "a dot": ".",
    "a trailing dot": "api.pay.test.",
    "an address with a trailing dot": "127.0.0.1.",
    "an empty label": "api..pay.test",
    "a leading dot": ".pay.test",
    "a decimal address": "2130706433",
    "a hexadecimal address": "0x7f000001",
    "a hexadecimal part": "0x7f.1",
    "an upper-case hexadecimal part": "0X7F.1",
    "a hexadecimal last part": "127.0.0.0x1",
    "an octal part": "0177.0.0.1",
    "a leading zero": "127.0.0.01",
    "a short address": "127.1",
    "zero": "0",
    "an empty hexadecimal number": "pay.0x",
    "five parts": "1.2.3.4.5",
    "a part over 255": "127.0.0.256",
    "a name that ends in a number": "pay.test.1",
    "an ipv4-mapped address": "[::ffff:127.0.0.1]",
    "an ipv4-mapped address in hexadecimal": "::ffff:7f00:1",
    "a zone id": "fe80::1%eth0",
    "an escaped zone id": "[fe80::1%25eth0]",
    "an empty zone id": "::1%",
    "no closing bracket": "[::1",
    "no opening bracket": "::1]",
    "two brackets": "[[::1]]",
    "empty brackets": "[]",
    "an ipv4 address in brackets": "[127.0.0.1]",
    "a name in brackets": "[pay.test]",
    "an address of the future": "[v1.a:b]",
    "after the brackets": "[::1].evil.test",
    "user information": "user@pay.test",
    "a port": "pay.test:443",
    "a path": "pay.test/x",
    "a backslash": "pay.test\\x",
    "a fragment": "read.test#@pay.test",
    "a query": "pay.test?x",
    "a percent escape": "p%61y.test",
    "an escaped dot": "pay%2etest",
    "a space": "pay.test ",
    "a leading space": " pay.test",
    "a newline": "pay.test\n",
    "a NUL": "pay.test\0",
    "an ideographic full stop": "pay\u3002test",
    "full-width letters": "\uff50ay.test",
    "a circled digit": "\u2460.pay.test",
    "an u-label": "b\u00fccher.example",
    "a cyrillic letter": "p\u0430y.test",
    "a soft hyphen": "p\u00aday.test",
    "a dotless i": "p\u0131y.test",
    "a kelvin sign": "\u212apay.test",
    "arabic digits": "\u0661\u0662\u0667.0.0.1",
    "a leading hyphen": "-pay.test",
    "a trailing hyphen": "pay-.test",
    "a long label": f"{'a' * 64}.test",
    "a long name": ".".join(["a" * 50] * 5) + ".test",
    "an asterisk": "*.pay.test",
    "a comma": "pay.test,evil.test",
}


@pytest.mark.parametrize("host", _REFUSED.values(), ids=_REFUSED)
def test_a_host_with_two_readings_is_refused(host: str) -> None:
    """What resolvers, certificates and servers would not all call the same has no spelling."""
    assert canonical_host(host) is None


_AUTHORITIES: dict[str, tuple[str, int] | None] = {
    "pay.test": ("pay.test", 443),
    "PAY.test": ("pay.test", 443),
    "pay.test:443": ("pay.test", 443),
    "pay.test:8443": ("pay.test", 8443),
    "pay.test:65535": ("pay.test", 65535),
    "127.0.0.1:80": ("127.0.0.1", 80),
    "[::1]": ("::1", 443),
    "[::1]:8080": ("::1", 8080),
    "[2001:DB8::0:1]:1": ("2001:db8::1", 1),
    "": None,
    ":443": None,
    "pay.test:": None,
    "[::1]:": None,
    "pay.test:0": None,
    "pay.test:0443": None,
    "pay.test:65536": None,
    "pay.test:99999": None,
    "pay.test:-1": None,
    "pay.test:+443": None,
    "pay.test: 443": None,
    "pay.test:443 ": None,
    "pay.test:4_3": None,
    "pay.test:0x1bb": None,
    "pay.test:\u0664\u0664\u0663": None,
    "pay.test:https": None,
    "pay.test:443:443": None,
    "::1": None,
    "::1:443": None,
    "2001:db8::1": None,
    "[::1": None,
    "[::1]443": None,
    "[::1].evil.test:443": None,
    "[::ffff:127.0.0.1]:9100": None,
    "[fe80::1%25eth0]:443": None,
    "user@pay.test": None,
    "user:secret@pay.test:443": None,
    "read.test#@pay.test": None,
    "pay.test.:443": None,
    "2130706433:9100": None,
    "0x7f.1:9100": None,
    "0:9100": None,
}


@pytest.mark.parametrize(("authority", "read"), _AUTHORITIES.items(), ids=map(repr, _AUTHORITIES))
def test_an_authority_is_a_host_and_perhaps_a_port(authority: str, read: tuple[str, int] | None) -> None:
    """One host, one decimal port without ornament, and nothing else."""
    assert split_authority(authority, 443) == read


@given(st.text(max_size=20) | st.text(st.sampled_from("0123456789abfxX.:[]%-_@"), max_size=20))
def test_a_canonical_host_is_its_own_spelling(host: str) -> None:
    """Reading is idempotent, never raises, and leaves plain lower-case ASCII."""
    canonical = canonical_host(host)
    if canonical is not None:
        assert canonical_host(canonical) == canonical
        assert canonical.isascii()
        assert canonical == canonical.lower()
        assert not canonical.endswith(".")


@given(st.text(st.sampled_from("0123456789abcdefx."), min_size=1, max_size=16))
def test_what_a_lenient_resolver_takes_for_an_address_is_one(host: str) -> None:
    """`inet_aton` reads octal, hexadecimal and short forms: those never pass as a name."""
    canonical = canonical_host(host)
    try:
        packed = socket.inet_aton(host)
    except OSError:
        return
    assert canonical is None or ipaddress.IPv4Address(canonical).packed == packed


@given(st.ip_addresses())
def test_every_address_has_one_text(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Long and short texts of an address agree; only IPv4-mapped ones are refused."""
    expected = None if getattr(address, "ipv4_mapped", None) else str(address)
    assert canonical_host(str(address)) == expected
    if address.version == 6:
        assert canonical_host(f"[{address.exploded.upper()}]") == expected


@given(
    st.sampled_from(["pay.test", "127.0.0.1", "[2001:db8::1]"]),
    st.integers(-10, 70_000),
)
def test_a_port_is_read_back_exactly(host: str, port: int) -> None:
    """Every TCP port and no other number is accepted."""
    read = split_authority(f"{host}:{port}", 443)
    assert read == ((host.strip("[]"), port) if 0 < port < 65536 else None)


@given(st.text(max_size=24))
def test_any_authority_is_read_or_refused(authority: str) -> None:
    """No text raises, and what is read can be written and read again."""
    read = split_authority(authority, 443)
    if read is not None:
        host, port = read
        text = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        assert split_authority(text, 1) == read
