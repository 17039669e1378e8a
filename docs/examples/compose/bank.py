"""A bank for the example: HTTPS with its own authority, payments only with its token, each key once."""

import argparse
import json
import os
import ssl
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VALID = timedelta(days=30)


class Bank(BaseHTTPRequestHandler):
    """One connection's requests."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    made: dict[str, dict[str, object]] = {}  # noqa: RUF012 (the bank's books, shared on purpose)

    def do_GET(self) -> None:
        """An account, whichever is asked for."""
        self._answer(200, {"account": self.path.rpartition("/")[2], "balance": "1500.00"})

    def do_POST(self) -> None:
        """A payment; the same idempotency key again gets the first answer and moves nothing."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != f"Bearer {os.environ['BANK_TOKEN']}":
            self._answer(401, {"error": "who are you?"})
            return
        key = self.headers.get("Idempotency-Key") or f"none-{len(self.made)}"
        if key not in self.made:
            self.made[key] = {"payment": len(self.made) + 1, "paid": json.loads(body)}
            sys.stdout.write(f"bank: payment {len(self.made)}: {body.decode()}\n")
            sys.stdout.flush()
        self._answer(201, self.made[key])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request: the payments are the story."""

    def _answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> int:
    """Serve until the process is ended; `--ca` is where the authority's certificate is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="0.0.0.0:8443", help="HOST:PORT")
    parser.add_argument("--ca", type=Path, required=True, help="file for the CA certificate")
    parser.add_argument("--name", default="bank.example", help="host name of the bank")
    arguments = parser.parse_args()
    host, _, port = arguments.listen.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Bank)
    server.socket = _identity(arguments.name, arguments.ca).wrap_socket(server.socket, server_side=True)
    server.serve_forever()
    return 0


def _identity(name: str, ca_file: Path) -> ssl.SSLContext:
    """A fresh authority, told to `ca_file`, and a certificate for the bank that it signed."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("Example authority", ca_key, ca_key, issuer="Example authority")
    certificate = _certificate(name, key, ca_key, issuer="Example authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as both:
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        both.write(private + certificate.public_bytes(serialization.Encoding.PEM))
        both.flush()
        context.load_cert_chain(both.name)
    ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return context


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    issuer: str,
) -> x509.Certificate:
    """A certificate for `name`; its own issuer is an authority."""
    now, is_authority = datetime.now(UTC), name == issuer
    public = signer.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(_usage(signs=is_authority), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """What RFC 5280 wants said: the authority signs certificates, the bank proves who it is."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


if __name__ == "__main__":
    sys.exit(main())
