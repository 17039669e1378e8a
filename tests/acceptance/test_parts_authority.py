"""The test authority's certificates, checked with Python's strict verification."""

import socket
import ssl
import stat
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream


@pytest.mark.parametrize(
    ("name", "trusted"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("api.bank.test", True),
        ("eu.api.pay.test", True),
        ("eu.pay.test", False),
        ("a.eu.api.pay.test", False),
        ("localhost.evil.test", False),
        ("127.0.0.2", False),
    ],
)
def test_leaf_is_valid_for_its_names_only(authority: Authority, name: str, trusted: bool) -> None:
    """A strict client connects under the names in the leaf and under no other."""
    leaf = authority.issue("localhost", "api.bank.test", "*.api.pay.test", "127.0.0.1")
    with Upstream(leaf) as upstream:
        if trusted:
            shake_hands(upstream, ca=authority.ca, name=name)
        else:
            with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
                shake_hands(upstream, ca=authority.ca, name=name)


def test_leaf_is_for_loopback_unless_told_otherwise(authority: Authority) -> None:
    """Without names a leaf serves the addresses that tests use."""
    with Upstream(authority.issue()) as upstream:
        for name in ("localhost", "127.0.0.1", "::1"):
            shake_hands(upstream, ca=authority.ca, name=name)


def test_stranger_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    """Two authorities of the same name do not stand in for each other."""
    with Upstream(authority.issue()) as upstream, pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(upstream, ca=Authority.create(tmp_path).ca, name="localhost")


def test_wildcard_that_matches_nothing_is_refused(authority: Authority) -> None:
    """`*.test` would be a leaf that no client accepts, so it is not made."""
    with pytest.raises(ValueError, match="two dots"):
        authority.issue("*.test")


def test_private_key_is_for_its_owner_only(authority: Authority) -> None:
    """The key file cannot be read by others."""
    assert stat.S_IMODE(authority.issue().key.stat().st_mode) == 0o600


def shake_hands(upstream: Upstream, *, ca: Path, name: str) -> None:
    """Open a TLS connection and close it, or raise what the verification found."""
    context = ssl.create_default_context(cafile=ca)
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", upstream.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name),
    ):
        pass
