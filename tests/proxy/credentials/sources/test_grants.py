"""Each way to a token, against a server that checks what the provider checks."""

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.credentials.sources.answer import Denied, Token
from proxy.credentials.sources.assertions import GitHubApp, JwtBearer
from proxy.credentials.sources.endpoint import Endpoint
from proxy.credentials.sources.grants import Client, ClientCredentials, Grant, RefreshToken
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import FromFile
from tests.proxy.credentials.issuer import CLIENT, PEM, Issuer, issuing
from tests.proxy.credentials.trust import endpoint

type Write = Callable[[str], FromFile]


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """Run a server of this test's own."""
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a place for a secret."""

    def place(text: str) -> FromFile:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        path.write_text(text)
        return FromFile(path)

    return place


def client(issuer: Issuer, write: Write, *, secret: str = CLIENT[1], in_body: bool = False) -> Client:
    """The client that the server knows."""
    return Client(url=f"{issuer.url}/token", identity=CLIENT[0], secret=write(secret), in_body=in_body)


@pytest.mark.parametrize("in_body", [False, True], ids=["basic", "form"])
async def test_a_refresh_token_is_used_once(issuer: Issuer, write: Write, in_body: bool) -> None:
    """The next refresh token comes with each token; the one before ends the grant, and that is said."""
    grant = RefreshToken(
        endpoint=endpoint(), client=client(issuer, write, in_body=in_body), first=write("refresh-0\n")
    )
    first = await grant.token(None)
    assert (first.text, first.lifetime, first.refresh) == ("token-1", 1800.0, "refresh-1")
    assert (await grant.token(first.refresh)).refresh == "refresh-2"
    with pytest.raises(Denied, match=r"`invalid_grant`: .* was used before: sign in anew"):
        await grant.token(first.refresh)
    with pytest.raises(Denied):
        await grant.token("refresh-2")


async def test_a_refresh_token_that_stays(write: Write) -> None:
    """Where the answer has none, the old one goes on."""
    async with issuing(rotates=False) as issuer:
        grant = RefreshToken(endpoint=endpoint(), client=client(issuer, write), first=write("refresh-0"))
        assert [(await grant.token("refresh-0")).refresh for _ in range(2)] == ["refresh-0"] * 2


async def test_slacks_rotation(issuer: Issuer, write: Write) -> None:
    """Its refusals have status 200."""
    of = replace(client(issuer, write, in_body=True), url=f"{issuer.url}/slack")
    grant = RefreshToken(endpoint=endpoint(), client=of, first=write("refresh-0"))
    assert (await grant.token(None)).refresh == "refresh-1"
    with pytest.raises(Denied, match="`invalid_refresh_token`: it is expired, revoked or was used before"):
        await grant.token(None)
    wrong = replace(grant, client=replace(of, secret=write("wrong")))
    with pytest.raises(Denied, match="`bad_client_secret`: correct the client's secret"):
        await wrong.token(None)


async def test_the_clients_own(issuer: Issuer, write: Write) -> None:
    """Nothing of the operator's beside the client's secret; a wrong one is said to be that."""
    grant = ClientCredentials(endpoint=endpoint(), client=client(issuer, write))
    assert (await grant.token(None)).refresh is None
    wrong = replace(grant, client=client(issuer, write, secret="wr0ng"))
    with pytest.raises(Denied, match="`invalid_client`: correct the client's id and secret") as caught:
        await wrong.token(None)
    assert "wr0ng" not in str(caught.value)


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


async def test_seeds(issuer: Issuer, write: Write) -> None:
    """What the operator replaces begins anew; that it cannot be read is said."""
    of = client(issuer, write)
    refreshing = RefreshToken(endpoint=endpoint(), client=of, first=write("refresh-0"))
    app: Grant = JwtBearer(endpoint=endpoint(), key=write(PEM), now=time.time)
    assert (refreshing.seed(), app.seed()) == ("refresh-0", PEM.strip())
    assert ClientCredentials(endpoint=endpoint(), client=of).seed() == ""
    with pytest.raises(CredentialError):
        replace(refreshing, first=FromFile(Path("none"))).seed()


def test_a_token_is_not_shown_by_accident() -> None:
    """Neither it nor what comes after it."""
    assert "s3cret" not in repr(Token(text="s3cret", refresh="s3cret"))
