"""The authority that agents trust: strict verification by real handshakes, made once, followed and mended."""

import ipaddress
import logging
import os
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from proxy.data_dir import authority
from proxy.data_dir.authority import Terms, ensure_authority, prepare, retire, rotate, standing
from proxy.data_dir.trust import system_bundle
from tests.proxy.data_dir.handshakes import certificates, leaf, shake_hands, trusting


@pytest.mark.parametrize("file", ["ca.pem", "ca-bundle.pem"])
@pytest.mark.parametrize("name", ["api.example", "10.0.0.1", "::1"])
def test_a_strict_client_accepts_mitmproxys_leaf(tmp_path: Path, file: str, name: str) -> None:
    """For a name and for addresses, with the certificate alone and with the whole bundle."""
    ensure_authority(tmp_path)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    shake_hands(leaf(tmp_path, alternative), trusting(tmp_path / file), name)


def test_a_strict_client_refuses_another_host(tmp_path: Path) -> None:
    """The handshake of these tests does verify."""
    ensure_authority(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(leaf(tmp_path, x509.DNSName("a.example")), trusting(tmp_path / "ca.pem"), "b.example")


def test_two_deployments_do_not_trust_each_other(tmp_path: Path) -> None:
    """Each has an authority of its own, told apart by name and key."""
    for name in ("one", "two"):
        ensure_authority(tmp_path / name)
    server = leaf(tmp_path / "one", x509.DNSName("a.example"))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, trusting(tmp_path / "two" / "ca.pem"), "a.example")


def test_it_is_made_once(tmp_path: Path) -> None:
    """Agents that trust it go on trusting it after every start."""
    ensure_authority(tmp_path)
    first = (tmp_path / "ca" / "mitmproxy-ca.pem").read_bytes()
    ensure_authority(tmp_path)
    assert (tmp_path / "ca" / "mitmproxy-ca.pem").read_bytes() == first
    assert (tmp_path / "ca.pem").read_bytes() in first


def test_it_is_made_once_by_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who made one while another was quicker takes that one, so all that start at once agree."""
    make, quicker = authority._new_authority, list[bytes]()

    def slowly(now: datetime, names: Sequence[str]) -> bytes:
        monkeypatch.undo()
        ensure_authority(tmp_path)
        quicker.append((tmp_path / "ca.pem").read_bytes())
        return make(now, names)

    monkeypatch.setattr(authority, "_new_authority", slowly)
    ensure_authority(tmp_path)
    assert quicker == [(tmp_path / "ca.pem").read_bytes()]
    assert quicker[0] in (tmp_path / "ca" / "mitmproxy-ca.pem").read_bytes()


def test_who_may_read_what(tmp_path: Path) -> None:
    """The key is its owner's; the certificates are for agents to read."""
    ensure_authority(tmp_path)
    key = tmp_path / "ca" / "mitmproxy-ca.pem"
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o400, 0o700)
    for name in ("ca.pem", "ca-bundle.pem"):
        assert b"PRIVATE KEY" not in (tmp_path / name).read_bytes()
    key.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        ensure_authority(tmp_path)


def test_the_bundle_is_the_systems_and_ours(tmp_path: Path) -> None:
    """A client whose setting replaces its trust loses nothing by it."""
    ensure_authority(tmp_path)
    system, ours = certificates(system_bundle()), certificates((tmp_path / "ca.pem").read_bytes())
    assert certificates((tmp_path / "ca-bundle.pem").read_bytes()) == system + ours
    assert len(system) > 50


def test_nobody_reads_half_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start replaces the file as a whole: whoever has opened the old one reads the old one."""
    ensure_authority(tmp_path)
    before = (tmp_path / "ca-bundle.pem").read_bytes()
    with (tmp_path / "ca-bundle.pem").open("rb") as reader:
        begun = reader.read(1000)
        monkeypatch.setattr(authority, "system_bundle", lambda: b"the system has changed its mind")
        ensure_authority(tmp_path)
        assert begun + reader.read() == before
    assert b"changed its mind" in (tmp_path / "ca-bundle.pem").read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("days", "roles", "word"),
    [
        (300, ["signs"], ""),
        (340, ["signs", "will sign"], "trust.prepared"),
        (360, ["signs", "signed before"], "trust.rotated"),
        (400, ["signs"], "trust.rotated"),
    ],
)
def test_it_does_not_run_out_unnoticed(
    tmp_path: Path, days: int, roles: list[str], word: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In its last month it gets a successor that agents trust as well, which signs in the last week."""
    ensure_authority(tmp_path)
    first = (tmp_path / "ca.pem").read_bytes()
    later = datetime.now(UTC) + timedelta(days=days)
    with caplog.at_level(logging.WARNING):
        ensure_authority(tmp_path, now=later)
        ensure_authority(tmp_path, now=later)
    assert [each.role for each in standing(tmp_path)] == roles
    assert (word in caplog.text, bool(caplog.text)) == (True, bool(word))
    assert (first in (tmp_path / "ca.pem").read_bytes()) is (days < 400)
    assert certificates((tmp_path / "ca.pem").read_bytes()) == [
        each.certificate.public_bytes(serialization.Encoding.DER) for each in standing(tmp_path)
    ]


def test_a_rotation_leaves_nobody_behind(tmp_path: Path) -> None:
    """At each step, a client with the certificates of the step before takes what is signed now."""
    ensure_authority(tmp_path)
    terms = Terms()
    before = trusting(tmp_path / "ca.pem")
    for step in (prepare, rotate, retire):
        step(tmp_path, terms)
        shake_hands(leaf(tmp_path, x509.DNSName("api.example")), before, "api.example")
        before = trusting(tmp_path / "ca.pem")
        shake_hands(leaf(tmp_path, x509.DNSName("api.example")), before, "api.example")
    assert [each.role for each in standing(tmp_path)] == ["signs"]


def test_a_rotation_is_one(tmp_path: Path) -> None:
    """Who still trusts only the first one notices in the end."""
    ensure_authority(tmp_path)
    first = trusting(tmp_path / "ca.pem")
    prepare(tmp_path, Terms())
    rotate(tmp_path, Terms())
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(leaf(tmp_path, x509.DNSName("api.example")), first, "api.example")


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([rotate], "no successor is prepared"),
        ([retire], "nothing to retire"),
        ([prepare, prepare], "prepared already"),
        ([prepare, rotate, rotate], "no successor is prepared"),
    ],
    ids=["rotate", "retire", "prepare twice", "rotate twice"],
)
def test_steps_out_of_order(tmp_path: Path, steps: list[Callable[[Path, Terms], None]], words: str) -> None:
    """They change nothing, and say which comes first."""
    ensure_authority(tmp_path)
    *before, last = steps
    for step in before:
        step(tmp_path, Terms())
    files = {path.name: path.read_bytes() for path in (tmp_path / "ca").iterdir()}
    with pytest.raises(ValueError, match=words):
        last(tmp_path, Terms())
    assert {path.name: path.read_bytes() for path in (tmp_path / "ca").iterdir()} == files


CONSTRAINED: dict[str, tuple[tuple[str, ...], str, bool]] = {
    "the domain": (("example",), "example", True),
    "below it": (("example",), "api.example", True),
    "another one": (("example",), "api.test", False),
    "one that ends like it": (("example",), "notexample", False),
    "an address where only names are given": (("example",), "10.0.0.1", False),
    "an address in the range": (("10.0.0.0/8",), "10.0.0.1", True),
    "one outside": (("10.0.0.0/8",), "192.0.2.1", False),
    "a name where only ranges are given": (("10.0.0.0/8",), "api.example", False),
    "version 6": (("fd00::/8",), "fd00::1", True),
    "one of both": (("example", "10.0.0.1"), "10.0.0.1", True),
}


@pytest.mark.parametrize("case", CONSTRAINED)
def test_names_are_what_it_is_good_for(tmp_path: Path, case: str) -> None:
    """A stolen key signs for nobody else: clients refuse all other hosts."""
    names, host, accepted = CONSTRAINED[case]
    ensure_authority(tmp_path, Terms(names=names))
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    server, client = leaf(tmp_path, alternative), trusting(tmp_path / "ca.pem")
    if accepted:
        shake_hands(server, client, host)
    else:
        with pytest.raises(ssl.SSLCertVerificationError, match="subtree"):
            shake_hands(server, client, host)


def test_where_else_agents_find_it(tmp_path: Path) -> None:
    """Certificates, readable, and never a key."""
    (tmp_path / "trust").mkdir()
    before = os.umask(0o077)
    try:
        ensure_authority(tmp_path / "data", Terms(publish=tmp_path / "trust"))
    finally:
        os.umask(before)
    found = {path.name: path.read_bytes() for path in (tmp_path / "trust").iterdir()}
    assert set(found) == {"ca.pem", "ca-bundle.pem", "ca-bundle.p12"}
    assert found["ca.pem"] == (tmp_path / "data" / "ca.pem").read_bytes()
    assert b"PRIVATE KEY" not in b"".join(found.values())
    assert (tmp_path / "trust" / "ca.pem").stat().st_mode & 0o444 == 0o444


def test_a_key_of_an_older_version(tmp_path: Path) -> None:
    """Its mode was 0600; it is taken, and made narrower."""
    ensure_authority(tmp_path)
    key = tmp_path / "ca" / "mitmproxy-ca.pem"
    key.chmod(0o600)
    ensure_authority(tmp_path)
    assert key.stat().st_mode & 0o777 == 0o400


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "only the key": lambda whole: whole[: whole.index(b"-----BEGIN CERTIFICATE")],
    "only the certificate": lambda whole: whole[whole.index(b"-----BEGIN CERTIFICATE") :],
    "no pem": lambda whole: b"\0" * 100,
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_authority_is_named(tmp_path: Path, case: str) -> None:
    """Never replaced in silence: agents trust it. The message names the file and the cure."""
    ensure_authority(tmp_path)
    path = tmp_path / "ca" / "mitmproxy-ca.pem"
    damaged = DAMAGES[case](path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"does not hold a key and its certificate: restore it") as raised:
        ensure_authority(tmp_path)
    assert str(path) in str(raised.value)
    assert path.read_bytes() == damaged


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    """Key and certificate from two authorities would sign what no agent accepts."""
    for name in ("one", "two"):
        ensure_authority(tmp_path / name)
    one, two = (tmp_path / name / "ca" / "mitmproxy-ca.pem" for name in ("one", "two"))
    start = b"-----BEGIN CERTIFICATE"
    key, certificate = one.read_bytes().partition(start)[0], two.read_bytes().partition(start)[2]
    one.write_bytes(key + start + certificate)
    with pytest.raises(ValueError, match="does not hold a key and its certificate"):
        ensure_authority(tmp_path / "one")
