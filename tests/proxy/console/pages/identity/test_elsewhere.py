"""Logging in at a provider: what the browser brings back, and what it does not."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from proxy.console.pages.identity.elsewhere import Elsewhere
from proxy.console.pages.shell import Shell
from proxy.console.people.attempts import MOST_FAILURES
from proxy.console.people.elsewhere.pending import LASTS
from proxy.console.people.entry import ConsoleEntry, PersonEntry
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.people.elsewhere.rogue import CALLBACK, Rogue, Visitor, oidc, rogue_provider
from tests.proxy.console.world import World


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    """Run an honest provider."""
    async with rogue_provider() as made:
        yield made


def known(rogue: Rogue) -> ConsoleEntry:
    """A console that knows one person of that provider."""
    return ConsoleEntry(people=(PersonEntry(name="ada", subject="u-1"),), oidc=oidc(rogue))


@pytest.fixture
async def visitor(world: World, rogue: Rogue) -> AsyncIterator[Visitor]:
    """Give a browser at a console that knows one of its people."""
    made = Visitor(
        world, rogue, ConsoleEntry(people=(PersonEntry(name="ada", subject="u-1"),), oidc=oidc(rogue))
    )
    yield made
    await made.client.aclose()


async def test_what_the_provider_is_asked(visitor: Visitor) -> None:
    """The code, PKCE, and words that fit this login alone; none of them is in the cookie."""
    response = await visitor.client.get("/login/oidc?next=//evil.example")
    where = urlsplit(response.headers["location"])
    said = dict(parse_qsl(where.query))
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{visitor.rogue.url}/authorize"
    assert {"tenant", "state", "nonce", "code_challenge"} < said.keys()
    assert (said["response_type"], said["code_challenge_method"]) == ("code", "S256")
    assert (said["redirect_uri"], said["scope"]) == (CALLBACK, "openid email profile")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("sidegate_8081_login=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert said["state"] not in cookie


async def test_a_login_and_its_end(visitor: Visitor) -> None:
    """The session is new, and logging out ends it."""
    page = await visitor.log_in()
    assert page.status_code == 200
    assert any("SameSite=strict" in one for one in page.headers.get_list("set-cookie"))
    text = (await visitor.client.get("/holds")).text
    assert 'ada <span class="role">' in text
    out = await visitor.client.post("/logout", data=Browser.form_of(text, "/logout"))
    assert out.headers["location"] == "/login"
    assert (await visitor.client.get("/holds")).status_code == 303


async def test_the_end_of_the_providers_session(world: World, rogue: Rogue) -> None:
    """Where it says how, the browser is led there with its own token."""
    rogue.published["end_session_endpoint"] = f"{rogue.url}/end"
    visitor = Visitor(
        world, rogue, ConsoleEntry(people=(PersonEntry(name="ada", subject="u-1"),), oidc=oidc(rogue))
    )
    await visitor.log_in()
    text = (await visitor.client.get("/holds")).text
    out = await visitor.client.post("/logout", data=Browser.form_of(text, "/logout"))
    assert out.status_code == 200
    assert f"{rogue.url}/end?id_token_hint=" in out.text
    assert "post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A8081%2Flogin" in out.text
    assert (await visitor.client.get("/holds")).status_code == 303
    await visitor.client.aclose()


async def test_an_answer_counts_once(visitor: Visitor) -> None:
    """Neither its state nor its code can be brought again."""
    code, state = await visitor.begin()
    assert (await visitor.come_back(code=code, state=state)).status_code == 200
    assert (await visitor.come_back(code=code, state=state)).status_code == 401
    _, fresh = await visitor.begin()
    assert (await visitor.come_back(code=code, state=fresh)).status_code == 401


async def test_another_browsers_login(world: World, visitor: Visitor, rogue: Rogue) -> None:
    """Somebody is not logged in as whoever sent the link."""
    code, state = await visitor.begin()
    victim = Visitor(world, rogue, visitor.world.entry)
    # Another browser at the same console.
    victim.client._transport = visitor.client._transport
    await victim.begin()
    assert (await victim.come_back(code=code, state=state)).status_code == 401
    assert (await victim.client.get("/holds")).status_code == 303
    await victim.client.aclose()


async def test_another_logins_code(visitor: Visitor) -> None:
    """A code is for the verifier of its own login, and its token for that nonce."""
    other, _ = await visitor.begin()
    _, state = await visitor.begin()
    assert (await visitor.come_back(code=other, state=state)).status_code == 401


async def test_a_login_that_takes_too_long(visitor: Visitor, world: World) -> None:
    """It has to be begun anew."""
    code, state = await visitor.begin()
    world.clock.moment += LASTS
    assert (await visitor.come_back(code=code, state=state)).status_code == 401


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"code": "x"},
        {"state": "STATE"},
        {"code": "CODE"},
        {"code": "CODE", "state": "x"},
        {"code": "", "state": "STATE"},
        {"code": "\u00e9\x00", "state": "STATE"},
        {"code": "x" * 5000, "state": "STATE"},
        {"error": "access_denied", "state": "STATE"},
        {"error": "<script>alert(1)</script>\u202e", "state": "STATE"},
        {"code": "CODE", "error": "access_denied", "state": "STATE"},
        {"code": "CODE", "state": "STATE", "iss": "https://evil.example"},
        {"code": "CODE", "state": "STATE", "iss": ""},
    ],
    ids=range(13),
)
async def test_an_answer_that_does_not_fit(visitor: Visitor, said: dict[str, str]) -> None:
    """401 in words; nobody is logged in, and nothing of it acts on the page."""
    code, state = await visitor.begin()
    filled = {name: value.replace("CODE", code).replace("STATE", state) for name, value in said.items()}
    response = await visitor.come_back(**filled)
    assert response.status_code == 401
    assert "<script>alert" not in response.text
    assert "\u202e" not in response.text
    assert (await visitor.client.get("/holds")).status_code == 303


async def test_an_answer_that_says_something_twice(visitor: Visitor) -> None:
    """It has two readings, so it has none."""
    code, state = await visitor.begin()
    query = f"code={code}&code={code}&state={state}"
    assert (await visitor.client.get(f"/login/oidc/callback?{query}")).status_code == 401


@pytest.mark.parametrize(("iss", "status"), [(None, 401), ("OWN", 200), ("https://evil.example", 401)])
async def test_a_provider_that_names_itself_always_does(
    world: World, rogue: Rogue, iss: str | None, status: int
) -> None:
    """Another one's answer is not taken for its own (RFC 9207)."""
    rogue.published["authorization_response_iss_parameter_supported"] = True
    visitor = Visitor(
        world, rogue, ConsoleEntry(people=(PersonEntry(name="ada", subject="u-1"),), oidc=oidc(rogue))
    )
    code, state = await visitor.begin()
    named = {} if iss is None else {"iss": rogue.url if iss == "OWN" else iss}
    assert (await visitor.come_back(code=code, state=state, **named)).status_code == status
    await visitor.client.aclose()


async def test_somebody_who_is_nobody_here(visitor: Visitor) -> None:
    """403, with what would help."""
    visitor.rogue.claims = {"sub": "u-9", "email": "ada@example.org", "email_verified": False}
    response = await visitor.log_in()
    assert response.status_code == 403
    assert "has not verified your e-mail address" in response.text
    assert (await visitor.client.get("/holds")).status_code == 303


async def test_too_many_answers_that_do_not_fit(visitor: Visitor) -> None:
    """They lock the address for a while, and the token's way in stays open."""
    codes = [(await visitor.come_back(code="x", state="y")).status_code for _ in range(MOST_FAILURES + 1)]
    assert codes == [401] * MOST_FAILURES + [429]
    token = {"token": "bob-token-0123456789"}
    assert (await visitor.client.post("/login", data=token)).status_code == 303


async def test_without_a_provider_there_is_nothing(browser: Browser, world: World) -> None:
    """Both addresses say so, and the login offers no such way."""
    for path in ("/login/oidc", "/login/oidc/callback?code=x&state=y"):
        assert (await browser.get(path)).status_code == 404
    assert Elsewhere(Shell(world.reviewing()), None)


async def test_the_login_offers_the_provider(visitor: Visitor) -> None:
    """By its name."""
    assert "Log in with Example" in (await visitor.client.get("/login")).text
