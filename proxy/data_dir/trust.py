"""Certificates: the authority that agents trust, the bundles for clients, and what we trust upstream."""

import logging
import os
import re
import secrets
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from proxy.data_dir.files import private_folder, read_secret, write_secret

logger = logging.getLogger(__name__)

_SYSTEM_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
)
_VALID = timedelta(days=365)
_BACKDATED = timedelta(days=1)
_RENEW_BEFORE = timedelta(days=30)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def ensure_authority(data_dir: Path, *, now: datetime | None = None) -> None:
    """Make this deployment's own certificate authority if it has none that lasts. Raises ValueError.

    `ca/mitmproxy-ca.pem` holds key and certificate (0600, the name mitmproxy reads), `ca.pem` the
    certificate for agents, `ca-bundle.pem` the system's authorities with ours, for clients whose
    settings replace their trust instead of adding to it; `ca-bundle.p12` is the same for Java.
    """
    now = now or datetime.now(UTC)
    both = private_folder(data_dir / "ca") / "mitmproxy-ca.pem"
    if not both.exists():
        write_secret(both, _new_authority(now), exclusive=True)
    certificate = _certificate_of(both)
    if certificate.not_valid_after_utc < now + _RENEW_BEFORE:
        logger.warning("trust.renewed file=%s: agents have to load it anew", data_dir / "ca.pem")
        write_secret(both, _new_authority(now))
        certificate = _certificate_of(both)
    ours = certificate.public_bytes(serialization.Encoding.PEM)
    _publish(data_dir / "ca.pem", ours)
    bundle = system_bundle() + b"\n" + ours
    _publish(data_dir / "ca-bundle.pem", bundle)
    _publish(data_dir / "ca-bundle.p12", _trust_store(bundle))


def upstream_bundle(data_dir: Path, extra: Path | None) -> Path:
    """A file with the authorities that upstreams are verified against. Raises ValueError on a bad one."""
    path = data_dir / "upstream-ca.pem"
    content = system_bundle()
    if extra is not None:
        content += b"\n" + _certificates_in(extra)
    _publish(path, content)
    return path


def upstream_context(bundle: Path) -> ssl.SSLContext:
    """How a replay verifies upstreams: exactly as strictly as the data plane verifies passed calls.

    Python adds RFC 5280 strictness of its own, under which some private authorities would serve every
    passed call and fail every approved one.
    """
    context = ssl.create_default_context(cafile=bundle)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def system_bundle() -> bytes:
    """The authorities that this machine trusts, else those that Mozilla does."""
    found = next((path for path in _SYSTEM_BUNDLES if path.exists()), Path(certifi.where()))
    return found.read_bytes()


def _certificates_in(path: Path) -> bytes:
    """The certificates in a file, and nothing else of it: it may hold a private key as well."""
    try:
        found = b"\n".join(_CERTIFICATE.findall(path.read_bytes())) + b"\n"
        why = _fault(found)
    except OSError as error:
        why = str(error.strerror)
    if why:
        raise ValueError(
            f"`{path}` cannot be read as PEM certificates ({why}): "
            "give --upstream-ca a file with at least one certificate"
        )
    return found


def _trust_store(bundle: bytes) -> bytes:
    """The authorities of `bundle` as Java reads them; without a password, for there is no secret in it."""
    with warnings.catch_warnings():
        # Some authorities have serial numbers that are outside of what RFC 5280 allows.
        warnings.simplefilter("ignore")
        found = dict.fromkeys(x509.load_pem_x509_certificates(b"\n".join(_CERTIFICATE.findall(bundle))))
    named = [pkcs12.PKCS12Certificate(one, b"authority-%d" % n) for n, one in enumerate(found)]
    return pkcs12.serialize_java_truststore(named, serialization.NoEncryption())


def _fault(certificates: bytes) -> str | None:
    """What OpenSSL, which will use them, says against PEM `certificates`."""
    if certificates.isspace():
        return "no certificate is in it"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates.decode("ascii"))
    except (ssl.SSLError, ValueError):
        return "a certificate in it is damaged"
    return None


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


def _publish(path: Path, content: bytes) -> None:
    """Write a file that clients read at any moment: the old one or the new one, never half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


def _new_authority(now: datetime) -> bytes:
    """A P-256 key and a self-signed authority certificate, in PEM."""
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
    certificate = (
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
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
