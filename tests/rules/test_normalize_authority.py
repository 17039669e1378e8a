"""Destination, SNI and Host name one place, or nothing passes."""

from dataclasses import replace

import pytest

from rules.verdict import ReasonId
from tests.rules.messages import (
    PLAIN,
    accepted,
    refusal,
)

_AGREEING: dict[str, tuple[str, int, str | None, bytes]] = {
    "plain": ("api.pay.test", 443, "api.pay.test", b"api.pay.test"),
    "the port said": ("api.pay.test", 443, "api.pay.test", b"api.pay.test:443"),
    "another port": ("api.pay.test", 8443, "api.pay.test", b"api.pay.test:8443"),
    "upper case everywhere": ("API.PAY.TEST", 443, "Api.Pay.Test", b"api.pay.TEST"),
    "an address": ("10.0.0.7", 443, None, b"10.0.0.7"),
    "a six": ("2001:db8::1", 443, None, b"[2001:DB8:0::1]"),
    "a six in brackets": ("[2001:db8::1]", 8443, None, b"[2001:db8::1]:8443"),
    "an a-label": ("xn--bcher-kva.test", 443, "XN--bcher-kva.test", b"xn--bcher-kva.test"),
}


@pytest.mark.parametrize(("host", "port", "sni", "claimed"), _AGREEING.values(), ids=_AGREEING)
def test_spellings_of_one_place_agree(host: str, port: int, sni: str | None, claimed: bytes) -> None:
    """Destination, SNI and Host may differ in case, a default port, and how an address is written."""
    message = replace(PLAIN, host=host, port=port, sni=sni, fields=((b"Host", claimed),))
    assert accepted(message).port == port


def test_the_default_port_follows_the_scheme() -> None:
    """A Host without port means 80 in clear and 443 in TLS."""
    clear = replace(PLAIN, scheme="http", sni=None)
    assert accepted(replace(clear, port=80)).port == 80
    assert refusal(replace(clear, port=443)).reason_id is ReasonId.PROTOCOL_REFUSED
    assert refusal(replace(clear, port=8443)).reason_id is ReasonId.AUTHORITY_MISMATCH
    assert refusal(replace(PLAIN, port=80)).reason_id is ReasonId.AUTHORITY_MISMATCH


_DISAGREEING: dict[str, tuple[str, int, str | None, bytes]] = {
    "another host": ("api.pay.test", 443, "api.pay.test", b"read.test"),
    "another server name": ("api.pay.test", 443, "read.test", b"api.pay.test"),
    "both others": ("api.pay.test", 443, "read.test", b"read.test"),
    "domain fronting": ("read.test", 443, "read.test", b"api.pay.test"),
    "another port": ("api.pay.test", 443, "api.pay.test", b"api.pay.test:8443"),
    "the other default port": ("api.pay.test", 443, "api.pay.test", b"api.pay.test:80"),
    "a longer name": ("api.pay.test", 443, "api.pay.test", b"api.pay.test.evil.test"),
    "a shorter name": ("api.pay.test", 443, "api.pay.test", b"pay.test"),
    "another address": ("10.0.0.7", 443, None, b"10.0.0.8"),
    "a name for an address": ("10.0.0.7", 443, None, b"api.pay.test"),
    "no server name": ("api.pay.test", 443, None, b"api.pay.test"),
    "an empty server name": ("api.pay.test", 443, "", b"api.pay.test"),
    "a server name with a dot": ("api.pay.test", 443, "api.pay.test.", b"api.pay.test"),
    "a server name with a port": ("api.pay.test", 443, "api.pay.test:443", b"api.pay.test"),
    "a u-label server name": ("xn--bcher-kva.test", 443, "bücher.test", b"xn--bcher-kva.test"),
}


@pytest.mark.parametrize(("host", "port", "sni", "claimed"), _DISAGREEING.values(), ids=_DISAGREEING)
def test_two_places_never_agree(host: str, port: int, sni: str | None, claimed: bytes) -> None:
    """Whoever may lie about the destination, all three have to name the same one."""
    message = replace(PLAIN, host=host, port=port, sni=sni, fields=((b"Host", claimed),))
    refused = refusal(message)
    assert refused.reason_id is ReasonId.AUTHORITY_MISMATCH
    assert refused.status == 421


_ODD_HOSTS: dict[str, tuple[str, bytes]] = {
    "trailing dots": ("api.pay.test.", b"api.pay.test."),
    "a trailing dot in Host": ("api.pay.test", b"api.pay.test."),
    "a trailing dot in the destination": ("api.pay.test.", b"api.pay.test"),
    "a decimal address": ("2130706433", b"2130706433"),
    "a hexadecimal address": ("0x7f.1", b"0x7f.1"),
    "an octal address": ("0177.0.0.1", b"0177.0.0.1"),
    "a short address": ("127.1", b"127.1"),
    "a mapped address": ("::ffff:127.0.0.1", b"[::ffff:127.0.0.1]"),
    "a mapped address for a four": ("127.0.0.1", b"[::ffff:127.0.0.1]"),
    "a zone": ("fe80::1%eth0", b"[fe80::1%25eth0]"),
    "a six without brackets": ("::1", b"::1"),
    "user information": ("api.pay.test", b"api.pay.test@evil.test"),
    "user information before": ("api.pay.test", b"evil.test@api.pay.test"),
    "an empty port": ("api.pay.test", b"api.pay.test:"),
    "a padded port": ("api.pay.test", b"api.pay.test:0443"),
    "a port too high": ("api.pay.test", b"api.pay.test:99999"),
    "a percent escape": ("api.pay.test", b"api.p%61y.test"),
    "a u-label": ("bücher.test", "bücher.test".encode()),
    "a u-label for an a-label": ("xn--bcher-kva.test", "bücher.test".encode()),
    "full width": ("\uff50ay.test", "\uff50ay.test".encode()),
    "two hosts": ("api.pay.test", b"api.pay.test, evil.test"),
    "a path": ("api.pay.test", b"api.pay.test/x"),
    "white space": ("api.pay.test", b"api.pay.test "),
    "nothing": ("api.pay.test", b""),
    "nothing on both sides": ("", b""),
}


@pytest.mark.parametrize(("host", "claimed"), _ODD_HOSTS.values(), ids=_ODD_HOSTS)
def test_odd_hosts_are_refused_even_where_they_agree(host: str, claimed: bytes) -> None:
    """A host with more than one reading is refused before anybody compares it."""
    message = replace(PLAIN, host=host, sni=None, fields=((b"Host", claimed),))
    assert refusal(message).reason_id is ReasonId.HOST_SPELLING


def test_a_request_without_host_is_refused() -> None:
    """HTTP/1.1 demands one, and without it only the connection speaks."""
    assert refusal(replace(PLAIN, fields=())).reason_id is ReasonId.AUTHORITY_MISMATCH


@pytest.mark.parametrize("scheme", ["", "ws", "HTTPS", "ftp", "https "])
def test_other_schemes_are_refused(scheme: str) -> None:
    """Only http and https are judged."""
    assert refusal(replace(PLAIN, scheme=scheme)).reason_id is ReasonId.PROTOCOL_REFUSED
