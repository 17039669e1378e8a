"""Tokens for a signed statement of who asks, against a server that verifies the statement."""

import json
import time
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from proxy.credentials.sources.answer import Denied
from proxy.credentials.sources.assertions import GitHubApp, JwtBearer, signed
from proxy.credentials.sources.endpoint import Endpoint
from proxy.credentials.sources.secret import CredentialError
from tests.proxy.credentials.issuer import KEY, PEM, Issuer, Write
from tests.proxy.credentials.trust import endpoint


def account(issuer: Issuer, **changes: str) -> str:
    """A service account's key file."""
    found = {"client_email": "robot@example", "private_key": PEM, "token_uri": f"{issuer.url}/token"}
    return json.dumps(found | changes)


async def test_a_service_account(issuer: Issuer, write: Write) -> None:
    """By its JSON file, or by a PEM key with what the file would say."""
    made = JwtBearer(endpoint=endpoint(), key=write(account(issuer)), now=time.time, scope="mail")
    assert (await made.token(None)).text == "token-1"
    pem = replace(made, key=write(PEM), issuer="robot@example", url=f"{issuer.url}/token")
    assert (await pem.token(None)).text == "token-2"


async def test_a_statement_of_another_time(issuer: Issuer, write: Write) -> None:
    """A machine whose clock is wrong is refused, and told by how much."""
    made = JwtBearer(
        endpoint=Endpoint(trust=endpoint().trust, now=lambda: time.time() - 7200),
        key=write(account(issuer)),
        now=lambda: time.time() - 7200,
    )
    with pytest.raises(Denied, match=r"this machine's clock is 7\d\d\d s behind the endpoint's: set it"):
        await made.token(None)


BAD_KEYS = {
    "no key": "hunter2",
    "a list": "[]",
    "not all of it": '{"client_email": "robot@example"}',
    "no rsa key": '{"client_email": "r", "private_key": "hunter2", "token_uri": "https://a.example"}',
    "an open road": '{"client_email": "r", "private_key": "hunter2", "token_uri": "http://a.example"}',
    "a road that only begins like ours": (
        '{"client_email": "r", "private_key": "hunter2", "token_uri": "http://127.0.0.1:80@evil.example/"}'
    ),
    "a place that is no text": '{"client_email": "r", "private_key": "hunter2", "token_uri": ["https://a"]}',
    "a depth without end": "[" * 60_000,
    "half a pem": "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
}


@pytest.mark.parametrize("case", BAD_KEYS)
async def test_keys_that_are_none(issuer: Issuer, write: Write, case: str) -> None:
    """Said with the cure and without the key; nobody is asked."""
    made = JwtBearer(endpoint=endpoint(), key=write(BAD_KEYS[case]), now=time.time, url="", issuer="i")
    with pytest.raises(CredentialError, match="replace it") as caught:
        await made.token(None)
    assert "hunter2" not in str(caught.value)
    assert issuer.made == 0


async def test_a_github_app(issuer: Issuer, write: Write) -> None:
    """An hour's token for the installation, for no more than is configured."""
    app = GitHubApp(
        endpoint=endpoint(),
        key=write(PEM),
        now=time.time,
        app="42",
        installation=7,
        api=issuer.url,
        repositories=("books",),
        permissions={"issues": "write"},
    )
    token = await app.token(None)
    assert token.text == "ghs_1"
    assert token.lifetime == pytest.approx(3600, abs=60)
    assert issuer.asked[0]["permissions"] == {"issues": "write"}
    with pytest.raises(Denied, match="no installation 8 of this app"):
        await replace(app, installation=8).token(None)
    with pytest.raises(Denied, match="`status 401`"):
        await replace(app, app="43").token(None)


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> str:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how).decode()


OTHERS = {
    "another kind of key": _pem(ec.generate_private_key(ec.SECP256R1())),
    "a key with a password": _pem(KEY, b"pass"),
    "a public key": KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode(),
}


@pytest.mark.parametrize("case", OTHERS)
async def test_keys_of_another_kind(issuer: Issuer, write: Write, case: str) -> None:
    """They sign nothing, and nobody is asked."""
    made = JwtBearer(
        endpoint=endpoint(), key=write(OTHERS[case]), now=time.time, issuer="i", url=f"{issuer.url}/token"
    )
    with pytest.raises(CredentialError, match="no rsa key in pem: replace it") as caught:
        await made.token(None)
    assert "KEY" not in str(caught.value)
    assert issuer.made == 0


async def test_a_key_of_somebody_else(issuer: Issuer, write: Write) -> None:
    """Refused, with the cure."""
    other = _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    made = JwtBearer(endpoint=endpoint(), key=write(account(issuer, private_key=other)), now=time.time)
    with pytest.raises(Denied, match="`invalid_grant`"):
        await made.token(None)


def test_what_is_signed() -> None:
    """A short time from a minute ago, for clocks that are a little behind; no claim says otherwise."""
    token = signed({"iss": "a", "exp": 9e9, "iat": 0}, PEM, now=1_000_000.9, header={"kid": "k"})
    made = jwt.decode(token, RSAKey.import_key(KEY.public_key()))
    assert made.claims == {"iss": "a", "iat": 999_940, "exp": 1_000_540}
    assert made.header == {"alg": "RS256", "kid": "k", "typ": "JWT"} or made.header == {
        "alg": "RS256",
        "kid": "k",
    }


async def test_a_seed_is_the_key(write: Write) -> None:
    """Another key, another account: its kept token is not used."""
    made = JwtBearer(endpoint=endpoint(), key=write(PEM), now=time.time)
    assert made.seed() == PEM.strip()
