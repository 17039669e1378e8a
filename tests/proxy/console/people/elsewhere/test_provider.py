"""What a provider publishes, and what is asked of it."""

from base64 import b64decode
from typing import Any

import pytest

from proxy.console.people.elsewhere.provider import Provider, ProviderFault
from proxy.console.people.entry import ConsoleEntry, PersonEntry
from tests.proxy.console.people.elsewhere.rogue import Rogue, Visitor, oidc, rogue_provider
from tests.proxy.console.world import Clock, World
from tests.proxy.credentials.trust import endpoint

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": (
        {"published": {"issuer": "https://evil.example"}},
        "publishes at the issuer's",
    ),
    "no issuer": ({"published": {"issuer": None}}, "publishes at the issuer's"),
    "keys elsewhere": ({"published": {"jwks_uri": "https://evil.example/jwks"}}, "`jwks_uri` is not at"),
    "a login elsewhere": (
        {"published": {"authorization_endpoint": "https://evil.example/"}},
        "`authorization_endpoint` is not at the issuer's host",
    ),
    "tokens in clear": (
        {"published": {"token_endpoint": "http://evil.example/token"}},
        "`token_endpoint` cannot be used",
    ),
    "no keys": ({"published": {"jwks_uri": None}}, "`jwks_uri` is not at"),
    "an odd place": ({"published": {"token_endpoint": ["x"]}}, "`token_endpoint` is not at"),
    "a script": (
        {"published": {"authorization_endpoint": "javascript:alert(1)"}},
        "`authorization_endpoint`",
    ),
    "a logout elsewhere": (
        {"published": {"end_session_endpoint": "https://evil.example/"}},
        "`end_session_endpoint` is not at",
    ),
    "a redirect": ({"redirects": True}, "it redirects"),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_provider_that_leads_elsewhere(world: World, case: str) -> None:
    """Nothing is sent there; the login says 502, and only the log says why."""
    settings, words = BAD[case]
    async with rogue_provider(**settings) as rogue:
        with pytest.raises(ProviderFault, match=words):
            await Provider(oidc(rogue), endpoint=endpoint(), now=Clock()).published()
        entry = ConsoleEntry(oidc=oidc(rogue))
        visitor = Visitor(world, rogue, entry)
        response = await visitor.client.get("/login/oidc")
        assert response.status_code == 502
        assert "evil" not in response.text
        await visitor.client.aclose()


async def test_a_provider_that_is_away(world: World) -> None:
    """Others still log in."""
    gone = Rogue(url="http://127.0.0.1:9")
    visitor = Visitor(world, gone, ConsoleEntry(oidc=oidc(gone)))
    assert (await visitor.client.get("/login/oidc")).status_code == 502
    token = {"token": "bob-token-0123456789"}
    assert (await visitor.client.post("/login", data=token)).status_code == 303
    await visitor.client.aclose()


async def test_hosts_that_are_named_are_the_providers_own() -> None:
    """Some have their endpoints elsewhere."""
    async with rogue_provider(published={"jwks_uri": "https://keys.example/jwks"}) as rogue:
        entry = oidc(rogue, hosts=["keys.example"])
        found = await Provider(entry, endpoint=endpoint(), now=Clock()).published()
        assert found.jwks_uri == "https://keys.example/jwks"


@pytest.mark.parametrize("methods", [None, ["client_secret_post"], ["client_secret_basic"], "odd"], ids=str)
async def test_the_clients_secret(world: World, monkeypatch: pytest.MonkeyPatch, methods: object) -> None:
    """In the header unless the provider takes it in the form alone; never in an address."""
    monkeypatch.setenv("OIDC_SECRET", "s3cret +&")
    async with rogue_provider(published={"token_endpoint_auth_methods_supported": methods}) as rogue:
        spy = Spy()
        entry = oidc(rogue, client_secret={"env": "OIDC_SECRET"})
        provider = Provider(entry, endpoint=spy, now=Clock())  # type: ignore[arg-type]
        with pytest.raises(Exception, match="does not take the code"):
            await provider.exchange("code", verifier="v" * 43)
    assert "s3cret" not in spy.url
    if methods == ["client_secret_post"]:
        assert spy.form["client_secret"] == "s3cret +&"
        assert spy.headers == {}
    else:
        basic = b64decode(spy.headers["Authorization"].removeprefix("Basic ")).decode()
        assert basic == "side+gate:s3cret+%2B%26"
        assert "client_secret" not in spy.form


async def test_a_secret_that_is_missing(world: World) -> None:
    """The login says 502; the log says which variable."""
    async with rogue_provider() as rogue:
        entry = ConsoleEntry(
            people=(PersonEntry(name="ada", subject="u-1"),),
            oidc=oidc(rogue, client_secret={"env": "SIDEGATE_NO_SUCH_SECRET"}),
        )
        visitor = Visitor(world, rogue, entry)
        assert (await visitor.log_in()).status_code == 502
        await visitor.client.aclose()


class Spy:
    """An endpoint that remembers what was posted."""

    def __init__(self) -> None:
        self._real = endpoint()
        self.url, self.form, self.headers = "", dict[str, str](), dict[str, str]()

    async def get(self, url: str, *, headers: dict[str, str]) -> Any:
        """Pass it on."""
        return await self._real.get(url, headers=headers)

    async def post(self, url: str, *, form: dict[str, str], headers: dict[str, str]) -> Any:
        """Note it and pass it on."""
        self.url, self.form, self.headers = url, form, headers
        return await self._real.post(url, form=form, headers=headers)
