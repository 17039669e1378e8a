"""The authority that agents trust: this deployment's own, and its successor that they trust before it signs.

In `ca/` of the data folder: `mitmproxy-ca.pem`, key and certificate of what signs (the name mitmproxy reads);
`next.pem`, the same of what will; `previous.pem`, the certificate of what did. Agents are given the
certificates of all three, so that neither a step nor its undoing finds one that does not know them.
"""

import ipaddress
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from proxy.data_dir.files import private_folder, read_secret, write_secret
from proxy.data_dir.trust import publish, system_bundle, trust_store

logger = logging.getLogger(__name__)

SIGNING = "mitmproxy-ca.pem"
NEXT = "next.pem"
PREVIOUS = "previous.pem"
_VALID = timedelta(days=365)
_BACKDATED = timedelta(days=1)
_PREPARE_BEFORE = timedelta(days=30)
_ROTATE_BEFORE = timedelta(days=7)
_KEY_MODE = 0o400
_NOWHERE = "invalid"
_EVERY_ADDRESS = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """For which hosts a new authority may sign, all without any, and where else agents find it."""

    names: tuple[str, ...] = ()
    publish: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One authority that agents are to trust."""

    role: str
    certificate: x509.Certificate


def ensure_authority(data_dir: Path, terms: Terms = Terms(), *, now: datetime | None = None) -> None:
    """Make an authority if there is none, and its successor in its last month. Raises ValueError.

    The successor signs in the last week, so agents that load `ca.pem` once in three weeks miss nothing.
    """
    now = now or datetime.now(UTC)
    folder = private_folder(data_dir / "ca")
    signing = folder / SIGNING
    if not signing.exists():
        write_secret(signing, _new_authority(now, terms.names), exclusive=True)
    end = _certificate_of(signing).not_valid_after_utc
    signing.chmod(_KEY_MODE)
    if end < now + _PREPARE_BEFORE and not (folder / NEXT).exists():
        prepare(data_dir, terms, now=now)
        logger.warning("trust.prepared file=%s: agents have to load it anew", data_dir / "ca.pem")
    if end < now + _ROTATE_BEFORE:
        rotate(data_dir, terms)
        logger.warning("trust.rotated file=%s", data_dir / "ca.pem")
    with suppress(FileNotFoundError):
        if _alone(folder / PREVIOUS).not_valid_after_utc < now:
            (folder / PREVIOUS).unlink()
    _hand_out(data_dir, terms)


def prepare(data_dir: Path, terms: Terms, *, now: datetime | None = None) -> None:
    """Make the successor and have agents trust it; it signs nothing yet. Raises ValueError for a second."""
    path = data_dir / "ca" / NEXT
    if path.exists():
        raise ValueError(
            "a successor is prepared already: run `sidegate ca rotate` when agents have loaded it"
        )
    write_secret(path, _new_authority(now or datetime.now(UTC), terms.names), exclusive=True)
    path.chmod(_KEY_MODE)
    _hand_out(data_dir, terms)


def rotate(data_dir: Path, terms: Terms) -> None:
    """Have the successor sign from now on; the last one stays trusted. Raises ValueError without one."""
    folder = data_dir / "ca"
    if not (folder / NEXT).exists():
        raise ValueError("no successor is prepared: run `sidegate ca prepare`, and have agents load `ca.pem`")
    _certificate_of(folder / NEXT)
    last = _certificate_of(folder / SIGNING)
    publish(folder / PREVIOUS, last.public_bytes(serialization.Encoding.PEM))
    (folder / NEXT).replace(folder / SIGNING)
    _hand_out(data_dir, terms)


def retire(data_dir: Path, terms: Terms) -> None:
    """Have agents trust only what signs. Raises ValueError if that is all they do."""
    try:
        (data_dir / "ca" / PREVIOUS).unlink()
    except FileNotFoundError as error:
        raise ValueError("nothing is left of a last authority: there is nothing to retire") from error
    _hand_out(data_dir, terms)


def standing(data_dir: Path) -> list[Standing]:
    """What agents are to trust, what signs first. Raises ValueError and OSError."""
    return list(_standing(data_dir / "ca"))


def constraints(names: Sequence[str]) -> x509.NameConstraints:
    """What limits an authority to `names`: domains with all below them, addresses and ranges."""
    domains: list[x509.GeneralName] = []
    ranges: list[x509.GeneralName] = []
    for name in names:
        try:
            ranges.append(x509.IPAddress(ipaddress.ip_network(name)))
        except ValueError:
            domains.append(x509.DNSName(name))
    # A kind that is not named at all would be free.
    excluded = None if ranges else [x509.IPAddress(ipaddress.ip_network(every)) for every in _EVERY_ADDRESS]
    return x509.NameConstraints([*(domains or [x509.DNSName(_NOWHERE)]), *ranges], excluded)


def _standing(folder: Path) -> Iterator[Standing]:
    yield Standing(role="signs", certificate=_certificate_of(folder / SIGNING))
    if (folder / NEXT).exists():
        yield Standing(role="will sign", certificate=_certificate_of(folder / NEXT))
    with suppress(FileNotFoundError):
        yield Standing(role="signed before", certificate=_alone(folder / PREVIOUS))


def _hand_out(data_dir: Path, terms: Terms) -> None:
    """Write what agents trust, here and where else it is wanted.

    `ca.pem` has our certificates; `ca-bundle.pem` the system's authorities too, for clients whose settings
    replace their trust instead of adding to it; `ca-bundle.p12` is the same for Java.
    """
    pem = serialization.Encoding.PEM
    ours = b"".join(each.certificate.public_bytes(pem) for each in _standing(data_dir / "ca"))
    bundle = system_bundle() + b"\n" + ours
    store = trust_store(bundle)
    for folder in (data_dir, terms.publish):
        if folder is not None:
            publish(folder / "ca.pem", ours)
            publish(folder / "ca-bundle.pem", bundle)
            publish(folder / "ca-bundle.p12", store)


def _alone(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"`{path}` is no certificate: remove it, or restore it from a backup") from error


def _certificate_of(both: Path) -> x509.Certificate:
    content = read_secret(both)
    try:
        key = serialization.load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
        fits = certificate.public_key() == key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        fits = False
    if not fits:
        raise ValueError(
            f"`{both}` does not hold a key and its certificate: restore it from a backup, or remove it to "
            "have a new authority made, which agents then have to trust"
        )
    return certificate


def _new_authority(now: datetime, names: Sequence[str]) -> bytes:
    """A P-256 key and a self-signed authority certificate, in PEM, good for `names` if there are any."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Sidegate {secrets.token_hex(4)}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sidegate"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(constraints(names), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
