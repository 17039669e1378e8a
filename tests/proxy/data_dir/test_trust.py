"""The authority that agents trust: strict verification by real handshakes, made once, and mended loudly."""

import ipaddress
import logging
import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from mitmproxy.certs import CertStore

from proxy.data_dir import trust
from proxy.data_dir.trust import ensure_authority, system_bundle, upstream_bundle
from tests.acceptance.authority import Authority

PEM = serialization.Encoding.PEM


def certificates(pem: bytes) -> list[bytes]:
    """All certificates in a PEM text, as DER, in order."""
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", pem, re.DOTALL)
    return [ssl.PEM_cert_to_DER_cert(block.decode()) for block in blocks]


def leaf(data_dir: Path, *names: x509.GeneralName) -> ssl.SSLContext:
    """A server's context with a certificate that mitmproxy makes under the folder's authority."""
    store = CertStore.from_store(data_dir / "ca", "mitmproxy", 2048)
    entry = store.get_cert(None, list(names))
    chain, key = data_dir / "leaf.pem", data_dir / "leaf.key"
    chain.write_bytes(entry.cert.to_pem())
    key.write_bytes(
        entry.privatekey.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A whole TLS handshake in memory. Raises ssl.SSLError where one side refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                continue


def trusting(ca: Path) -> ssl.SSLContext:
    """A client as careful as Python 3.13's default, that trusts `ca` alone."""
    context = ssl.create_default_context(cafile=ca)
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    return context


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
    make, quicker = trust._new_authority, list[bytes]()

    def slowly(now: datetime) -> bytes:
        monkeypatch.undo()
        ensure_authority(tmp_path)
        quicker.append((tmp_path / "ca.pem").read_bytes())
        return make(now)

    monkeypatch.setattr(trust, "_new_authority", slowly)
    ensure_authority(tmp_path)
    assert quicker == [(tmp_path / "ca.pem").read_bytes()]
    assert quicker[0] in (tmp_path / "ca" / "mitmproxy-ca.pem").read_bytes()


def test_who_may_read_what(tmp_path: Path) -> None:
    """The key is its owner's; the certificates are for agents to read."""
    ensure_authority(tmp_path)
    key = tmp_path / "ca" / "mitmproxy-ca.pem"
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
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
        monkeypatch.setattr(trust, "system_bundle", lambda: b"the system has changed its mind")
        ensure_authority(tmp_path)
        assert begun + reader.read() == before
    assert b"changed its mind" in (tmp_path / "ca-bundle.pem").read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(("days", "renewed"), [(300, False), (340, True), (400, True)])
def test_it_does_not_run_out_unnoticed(
    tmp_path: Path, days: int, renewed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """In its last month, and after it, a start makes a new one and says that agents have to load it."""
    ensure_authority(tmp_path)
    first = (tmp_path / "ca.pem").read_bytes()
    later = datetime.now(UTC) + timedelta(days=days)
    with caplog.at_level(logging.WARNING):
        ensure_authority(tmp_path, now=later)
    second = (tmp_path / "ca.pem").read_bytes()
    assert (second != first) is renewed
    assert ("trust.renewed" in caplog.text) is renewed
    certificate = x509.load_pem_x509_certificate(second)
    assert certificate.not_valid_after_utc > later + timedelta(days=30)
    assert second in (tmp_path / "ca" / "mitmproxy-ca.pem").read_bytes()


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


def test_what_upstreams_are_verified_against(tmp_path: Path) -> None:
    """The system's authorities, and those of the operator's file, of which only certificates are taken."""
    extra = Authority.create(tmp_path / "authority")
    chain = extra.issue("api.internal")
    both = tmp_path / "both.pem"
    both.write_bytes(chain.key.read_bytes() + extra.ca.read_bytes())
    written = upstream_bundle(tmp_path, both).read_bytes()
    assert b"PRIVATE KEY" not in written
    assert certificates(written) == certificates(system_bundle()) + certificates(extra.ca.read_bytes())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain.chain, chain.key)
    shake_hands(server, ssl.create_default_context(cafile=upstream_bundle(tmp_path, both)), "api.internal")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(
            server, ssl.create_default_context(cafile=upstream_bundle(tmp_path, None)), "api.internal"
        )


@pytest.mark.parametrize("case", ["missing", "a folder", "empty", "words", "der", "a key", "damaged"])
def test_a_bad_upstream_ca(tmp_path: Path, case: str) -> None:
    """It is named with the flag that it came by, and nothing of it is quoted."""
    extra, path = Authority.create(tmp_path / "authority"), tmp_path / "extra.pem"
    match case:
        case "a folder":
            path.mkdir()
        case "empty" | "words":
            path.write_text("" if case == "empty" else "secret-words")
        case "der":
            path.write_bytes(extra.certificate.public_bytes(serialization.Encoding.DER))
        case "damaged":
            path.write_bytes(extra.ca.read_bytes().replace(b"A", b"B"))
        case "a key":
            path.write_bytes(extra.issue("a.example").key.read_bytes())
    with pytest.raises(ValueError, match="cannot be read as PEM certificates") as raised:
        upstream_bundle(tmp_path, path)
    assert f"`{path}`" in str(raised.value)
    assert "--upstream-ca" in str(raised.value)
    assert "secret-words" not in str(raised.value)
