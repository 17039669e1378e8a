"""Real TLS handshakes in memory, with certificates that mitmproxy makes."""

import re
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from mitmproxy.certs import CertStore

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
