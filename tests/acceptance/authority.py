"""A throw-away certificate authority for upstreams under test."""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One server's certificate chain and private key, as PEM files."""

    chain: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A self-signed CA whose certificates pass strict X.509 verification (RFC 5280)."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, folder: Path, *, name: str = "test authority") -> Self:
        """Make a CA in `folder` and write its certificate to `ca.pem` there."""
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        usage = _key_usage(signs_certificates=True)
        builder = (
            _draft(subject, issuer=subject, public=key.public_key(), days=30)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
        )
        authority = cls(folder=folder, certificate=builder.sign(key, hashes.SHA256()), key=key)
        authority.ca.write_bytes(_pem(authority.certificate))
        return authority

    @property
    def ca(self) -> Path:
        """The certificate that clients of this authority's servers have to trust."""
        return self.folder / "ca.pem"

    def issue(self, *names: str) -> Leaf:
        """Make a leaf for DNS names, wildcards and IP addresses; without names, for loopback."""
        names = names or _LOOPBACK
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _draft(_name(names[0]), issuer=self.certificate.subject, public=key.public_key(), days=7)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_alternative_names(names), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        return self._write(builder.sign(self.key, hashes.SHA256()), key=key)

    def _write(self, certificate: x509.Certificate, *, key: ec.EllipticCurvePrivateKey) -> Leaf:
        stem = f"leaf-{certificate.serial_number:x}"
        leaf = Leaf(chain=self.folder / f"{stem}.pem", key=self.folder / f"{stem}.key")
        leaf.chain.write_bytes(_pem(certificate) + _pem(self.certificate))
        leaf.key.touch(mode=0o600)
        leaf.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return leaf


def _draft(
    subject: x509.Name, *, issuer: x509.Name, public: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(text: str) -> x509.Name:
    # RFC 5280 bounds a common name at 64 characters; the alternative names are what is matched.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_alternative_name(name) for name in names])


def _alternative_name(name: str) -> x509.GeneralName:
    if name.startswith("*.") and name.count(".") < 2:
        raise ValueError(f"`{name}` matches nothing: a wildcard needs two dots, as in `*.bank.test`")
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
