"""What upstreams are verified against, by real handshakes, and what is wrong with an operator's file."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from proxy.data_dir.trust import system_bundle, upstream_bundle
from tests.acceptance.authority import Authority
from tests.proxy.data_dir.handshakes import certificates, shake_hands


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
