"""What an attacker could bring in place of an ID token: each is 401, and nobody is logged in."""

import time
from typing import Any

import pytest

from proxy.console.people.entry import ConsoleEntry, PersonEntry
from tests.proxy.console.people.elsewhere.rogue import (
    KEY,
    OTHER,
    Rogue,
    Visitor,
    new_key,
    oidc,
    rogue_provider,
)
from tests.proxy.console.world import World

NOW = int(time.time())
SHARED = new_key("k1", "oct")
CURVE = new_key("k1", "EC")


def of(rogue: Rogue) -> ConsoleEntry:
    """A console that knows one person of that provider."""
    return ConsoleEntry(people=(PersonEntry(name="ada", subject="u-1"),), oidc=oidc(rogue))


GOOD: dict[str, dict[str, Any]] = {
    "an honest one": {},
    "several audiences, for us": {"claims": {"aud": ["other", "side gate"], "azp": "side gate"}},
    "another algorithm": {"signer": CURVE, "keys": [CURVE], "header": {"alg": "ES256", "kid": "k1"}},
    "no key id and one key": {"header": {"alg": "RS256"}},
    "a clock that is a little behind": {"claims": {"iat": NOW - 200, "exp": NOW + 3400}},
}

BAD: dict[str, dict[str, Any]] = {
    "no nonce": {"claims": {"nonce": None}},
    "another nonce": {"claims": {"nonce": "n"}},
    "an empty nonce": {"claims": {"nonce": ""}},
    "another audience": {"claims": {"aud": "other"}},
    "no audience": {"claims": {"aud": None}},
    "many audiences and no azp": {"claims": {"aud": ["other", "side gate"]}},
    "many audiences, for another": {"claims": {"aud": ["other", "side gate"], "azp": "other"}},
    "for another party": {"claims": {"azp": "other"}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "the issuer with a slash": {"claims": {"iss": "SLASH"}},
    "no issuer": {"claims": {"iss": None}},
    "over": {"claims": {"exp": NOW - 120}},
    "no end": {"claims": {"exp": None}},
    "an end that is a text": {"claims": {"exp": "tomorrow"}},
    "from tomorrow": {"claims": {"iat": NOW + 86_400}},
    "not yet": {"claims": {"nbf": NOW + 3600}},
    "from yesterday": {"claims": {"iat": NOW - 86_400}},
    "no time": {"claims": {"iat": None}},
    "nobody": {"claims": {"sub": None}},
    "an empty subject": {"claims": {"sub": ""}},
    "a number as subject": {"claims": {"sub": 1}},
    "an endless subject": {"claims": {"sub": "u" * 256}},
    "another access token's": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "alg none": {"header": {"alg": "none"}},
    "alg none and a key id": {"header": {"alg": "none", "kid": "k1"}},
    "a secret that everybody has": {
        "signer": SHARED,
        "keys": [SHARED],
        "header": {"alg": "HS256", "kid": "k1"},
    },
    "the public key as a secret": {"signer": SHARED, "header": {"alg": "HS256", "kid": "k1"}},
    "another key": {"signer": OTHER},
    "another key with its own id": {"signer": OTHER, "header": {"alg": "RS256", "kid": "k2"}},
    "a key that it brings along": {
        "signer": OTHER,
        "header": {"alg": "RS256", "jwk": OTHER.as_dict(private=False)},
    },
    "an extension that is critical": {"header": {"alg": "RS256", "kid": "k1", "crit": ["x"], "x": 1}},
    "a signature cut off": {"raw": lambda token: token.rpartition(".")[0] + "."},
    "a changed claim": {"raw": lambda token: token.replace(".", ".e30", 1)},
    "no token at all": {"raw": lambda _: "x"},
    "letters of no alphabet": {"raw": lambda _: "\u00e9.\u00e9.\u00e9"},
    "encrypted": {"raw": lambda _: "a.b.c.d.e"},
    "no keys": {"keys": []},
}


@pytest.mark.parametrize("case", GOOD)
async def test_a_login(world: World, case: str) -> None:
    """What fits logs in whom it names."""
    async with rogue_provider(**GOOD[case]) as rogue:
        visitor = Visitor(world, rogue, of(rogue))
        response = await visitor.log_in()
        assert response.status_code == 200, response.text
        assert 'content="0;url=/rules"' in response.text
        assert 'ada <span class="role">reviewer</span>' in (await visitor.client.get("/rules")).text
        await visitor.client.aclose()


@pytest.mark.parametrize("case", BAD)
async def test_an_attack(world: World, case: str) -> None:
    """401 in words, no session, and nothing of the token on the page."""
    async with rogue_provider(**BAD[case]) as rogue:
        if rogue.claims.get("iss") == "SLASH":
            rogue.claims["iss"] = f"{rogue.url}/"
        visitor = Visitor(world, rogue, of(rogue))
        response = await visitor.log_in()
        assert response.status_code == 401, response.text
        assert "nobody was logged in" in response.text
        assert "sidegate_8081=" not in response.headers.get("set-cookie", "")
        assert (await visitor.client.get("/holds")).status_code == 303
        await visitor.client.aclose()


async def test_keys_are_read_again_for_a_new_one_and_not_all_the_time(world: World) -> None:
    """A provider that rotates is followed; a flood of unknown keys is no flood of requests."""
    async with rogue_provider() as rogue:
        visitor = Visitor(world, rogue, of(rogue))
        assert (await visitor.log_in()).status_code == 200
        rogue.keys, rogue.signer, rogue.header = [OTHER, KEY], OTHER, {"alg": "RS256", "kid": "k2"}
        assert (await visitor.log_in()).status_code == 401
        assert rogue.asked.count("jwks") == 1
        world.clock.moment = world.clock.moment.__class__.now(world.clock.moment.tzinfo)
        visitor.provider._keys = (world.clock.moment.replace(year=2020), visitor.provider._keys[1])  # type: ignore[index]
        assert (await visitor.log_in()).status_code == 200
        assert rogue.asked.count("jwks") == 2
        await visitor.client.aclose()
