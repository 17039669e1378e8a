"""Certificates: what this machine trusts, and what we trust upstream."""

import os
import re
import ssl
import warnings
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

_SYSTEM_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def upstream_bundle(data_dir: Path, extra: Path | None) -> Path:
    """A file with the authorities that upstreams are verified against. Raises ValueError on a bad one."""
    path = data_dir / "upstream-ca.pem"
    content = system_bundle()
    if extra is not None:
        content += b"\n" + _certificates_in(extra)
    publish(path, content)
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


def trust_store(bundle: bytes) -> bytes:
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


def publish(path: Path, content: bytes) -> None:
    """Write a file that clients read at any moment: the old one or the new one, never half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    # Whatever the umask is: a service manager's often lets nobody else read.
    part.chmod(0o644)
    part.replace(path)
