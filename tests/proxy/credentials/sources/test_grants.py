"""Each way to a token, against a server that checks what the provider checks."""

from dataclasses import replace
from pathlib import Path

import pytest

from proxy.credentials.sources.answer import Denied, Token
from proxy.credentials.sources.grants import Client, ClientCredentials, RefreshToken
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import FromFile
from tests.proxy.credentials.issuer import CLIENT, Issuer, Write, issuing
from tests.proxy.credentials.trust import endpoint


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


async def test_seeds(issuer: Issuer, write: Write) -> None:
    """What the operator replaces begins anew; that it cannot be read is said."""
    of = client(issuer, write)
    refreshing = RefreshToken(endpoint=endpoint(), client=of, first=write("refresh-0"))
    assert refreshing.seed() == "refresh-0"
    assert ClientCredentials(endpoint=endpoint(), client=of).seed() == ""
    with pytest.raises(CredentialError):
        replace(refreshing, first=FromFile(Path("none"))).seed()


def test_a_token_is_not_shown_by_accident() -> None:
    """Neither it nor what comes after it."""
    assert "s3cret" not in repr(Token(text="s3cret", refresh="s3cret"))
