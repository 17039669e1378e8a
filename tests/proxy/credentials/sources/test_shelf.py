"""Tokens on the shelf: sealed, bound to name and generation, kept by one, lost by nobody."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.shelf import NOTHING, Kept, Moved, Shelf
from proxy.keys.keyring import Keyring
from proxy.store.connection import connect
from proxy.store.record import StoreUnavailable
from tests.proxy.credentials.renewing import SEAL_KEY, Shelves, shelving
from tests.proxy.redis_child import redis_child

TOKEN = Kept(generation=1, text="t0ken-1", made=1.0, expires=2.5, refresh="refr3sh-1", seed="s")


@pytest.fixture
async def shelves(redis_url: str) -> AsyncIterator[Shelves]:
    """Give a domain of this test's own."""
    async with shelving(redis_url) as shelves:
        yield shelves


def key_of(shelves: Shelves, name: str = "bank", kind: str = "token") -> str:
    """Where something of that name lies."""
    return f"{{sidegate:{shelves.domain}}}:{kind}:{name}"


def elsewhere(shelves: Shelves, *keys: bytes, domain: str | None = None) -> Shelf:
    """The shelf as another process with these keys sees it."""
    domain = domain or shelves.domain
    return Shelf(shelves.redis, domain=domain, keyring=Keyring(keys, domain=domain))


async def sealed_of(shelves: Shelves) -> bytes:
    """The sealed token."""
    sealed = await shelves.redis.hget(key_of(shelves), "sealed")
    assert isinstance(sealed, bytes)
    return sealed


async def test_what_is_put_there(shelves: Shelves) -> None:
    """Comes back whole; of it, the store knows the generation alone."""
    assert await shelves.shelf.read("bank") == NOTHING
    assert await shelves.shelf.keep("bank", TOKEN)
    assert await shelves.shelf.read("bank") == TOKEN
    stored = await shelves.redis.hgetall(key_of(shelves))
    assert sorted(stored) == [b"generation", b"sealed"]
    for secret in (b"t0ken-1", b"refr3sh-1"):
        assert secret not in await sealed_of(shelves)
    assert await shelves.redis.ttl(key_of(shelves)) == -1, "a refresh token cannot be had again"


async def test_of_two_the_first_is_kept(shelves: Shelves) -> None:
    """The later one's token is dropped, whichever it is."""
    both = [replace(TOKEN, text=text) for text in ("first", "second")]
    kept = await asyncio.gather(*(shelves.shelf.keep("bank", one) for one in both))
    assert sorted(kept) == [False, True]
    assert (await shelves.shelf.read("bank")).text == both[kept.index(True)].text
    assert not await shelves.shelf.keep("bank", replace(TOKEN, generation=3)), "one is missing between"
    assert await shelves.shelf.keep("bank", replace(TOKEN, generation=2))


async def test_every_byte_counts(shelves: Shelves) -> None:
    """Whatever is altered opens nothing: made anew at its generation, or its key is asked for."""
    await shelves.shelf.keep("bank", TOKEN)
    sealed = await sealed_of(shelves)
    spoilt = {
        "last": sealed[:-1] + bytes([sealed[-1] ^ 1]),
        "first of the content": sealed.replace(b"\n", b"\n\0", 1),
        "cut": sealed[:-20],
        "the key's id": bytes([sealed[0] ^ 1]) + sealed[1:],
        "an upper case": sealed.partition(b"\n")[0].upper() + b"\n" + sealed.partition(b"\n")[2],
        "no key": sealed.partition(b"\n")[2],
        "nothing": b"",
        "no digits": b"zz\n" + sealed.partition(b"\n")[2],
    }
    for what, content in spoilt.items():
        await shelves.redis.hset(key_of(shelves), "sealed", content)
        try:
            found = await shelves.shelf.read("bank")
        except CredentialError:
            assert what in ("the key's id", "nothing")
            continue
        assert found == Kept(generation=1), what


async def test_nothing_is_exchanged(shelves: Shelves) -> None:
    """Neither with another name, nor with another generation, nor with another domain."""
    await shelves.shelf.keep("bank", TOKEN)
    sealed = await sealed_of(shelves)
    await shelves.redis.hset(key_of(shelves, "mail"), mapping={"sealed": sealed, "generation": 1})
    assert (await shelves.shelf.read("mail")).text == ""
    await shelves.redis.hset(key_of(shelves), "generation", 2)
    assert (await shelves.shelf.read("bank")).text == ""
    other = secrets.token_hex(8)
    there = f"{{sidegate:{other}}}:token:bank"
    await shelves.redis.hset(there, mapping={"sealed": sealed, "generation": 1})
    assert (await elsewhere(shelves, SEAL_KEY, domain=other).read("bank")).text == ""


@pytest.mark.parametrize("generation", [b"", b"x", b"-1x", b"\xff"], ids=["none", "word", "both", "byte"])
async def test_a_generation_that_is_no_number(shelves: Shelves, generation: bytes) -> None:
    """Altered: nothing is renewed that could not be kept, and the cure is said."""
    await shelves.shelf.keep("bank", TOKEN)
    await shelves.redis.hset(key_of(shelves), "generation", generation)
    with pytest.raises(CredentialError, match="`bank` was altered: delete its key and sign in anew"):
        await shelves.shelf.read("bank")


async def test_a_key_that_is_missing(shelves: Shelves) -> None:
    """The token is not lost, so it is not thrown away: said with the cure."""
    await shelves.shelf.keep("bank", TOKEN)
    with pytest.raises(
        CredentialError, match=r"`bank` cannot be opened: the key `[0-9a-f]{16}` .*restore it"
    ):
        await elsewhere(shelves, b"o" * 32).read("bank")
    assert await elsewhere(shelves, b"o" * 32, SEAL_KEY).read("bank") == TOKEN


async def test_one_renews(shelves: Shelves) -> None:
    """Until they leave, which nobody else can do for them; a dead one's turn ends by itself."""
    taken = await asyncio.gather(*(shelves.shelf.take("bank", str(n)) for n in range(10)))
    assert taken.count(True) == 1
    await shelves.shelf.leave("bank", "somebody else")
    assert not await shelves.shelf.take("bank", "a")
    assert 0 < await shelves.redis.pttl(key_of(shelves, kind="token-renewer")) <= 60_000
    await shelves.shelf.leave("bank", str(taken.index(True)))
    assert await shelves.shelf.take("bank", "a")
    assert await shelves.shelf.take("mail", "b")


async def test_why_it_failed(shelves: Shelves) -> None:
    """For some seconds, or until it is renewed."""
    assert await shelves.shelf.failure("bank") is None
    await shelves.shelf.fail("bank", "no `é`")
    assert await shelves.shelf.failure("bank") == "no `é`"
    assert 0 < await shelves.redis.pttl(key_of(shelves, kind="token-failure")) <= 5_000
    await shelves.shelf.keep("bank", TOKEN)
    assert await shelves.shelf.failure("bank") is None


async def test_another_key(shelves: Shelves) -> None:
    """The token goes on as it is, under the newest key alone; a second time there is nothing to do."""
    await shelves.shelf.keep("bank", TOKEN)
    assert await shelves.shelf.names() == ["bank"]
    assert await shelves.shelf.rewrap("bank") is Moved.NEWEST
    assert await shelves.shelf.rewrap("nobody") is Moved.GONE
    both = elsewhere(shelves, b"n" * 32, SEAL_KEY)
    assert await both.rewrap("bank") is Moved.DONE
    assert await both.rewrap("bank") is Moved.NEWEST
    assert await elsewhere(shelves, b"n" * 32).read("bank") == TOKEN
    assert await both.read("bank") == TOKEN
    assert await shelves.redis.ttl(key_of(shelves)) == -1


async def test_another_key_meanwhile(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renewed between the look and the change: the renewed one stays."""
    await shelves.shelf.keep("bank", TOKEN)
    both = elsewhere(shelves, b"n" * 32, SEAL_KEY)
    reseal, newer = both._reseal, replace(TOKEN, generation=2, text="newer")

    async def later(keys: list[str], args: list[bytes]) -> object:
        await shelves.shelf.keep("bank", newer)
        return await reseal(keys, args)

    monkeypatch.setattr(both, "_reseal", later)
    assert await both.rewrap("bank") is Moved.CHANGED
    assert await shelves.shelf.read("bank") == newer


@pytest.mark.parametrize("spoilt", [("sealed", b"zz\nx"), ("sealed", b""), ("generation", b"x")], ids=str)
async def test_what_no_key_opens(shelves: Shelves, spoilt: tuple[str, bytes]) -> None:
    """It is left as it is."""
    await shelves.shelf.keep("bank", TOKEN)
    await shelves.redis.hset(key_of(shelves), *spoilt)
    before = await shelves.redis.hgetall(key_of(shelves))
    assert await elsewhere(shelves, b"n" * 32, SEAL_KEY).rewrap("bank") is Moved.UNOPENED
    assert await shelves.redis.hgetall(key_of(shelves)) == before


async def test_what_another_version_kept(shelves: Shelves) -> None:
    """A member that this version does not know takes nothing away from the rest."""
    bound = {"part": "token", "name": "bank", "generation": "1"}
    plain = {"text": "t", "made": 1.0, "expires": 2.0, "refresh": None, "seed": "s", "later": [1]}
    sealed = shelves.shelf._close(json.dumps(plain).encode(), bound_to=bound)
    await shelves.redis.hset(key_of(shelves), mapping={"generation": 1, "sealed": sealed})
    assert (await shelves.shelf.read("bank")).text == "t"


async def test_a_store_that_is_away() -> None:
    """Nothing is read, kept or renewed; it is said to be that."""
    async with redis_child() as child:
        redis = connect(child.url)
        shelf = Shelf(redis, domain="d", keyring=Keyring([SEAL_KEY], domain="d"))
        assert await shelf.read("bank") == NOTHING
    for work in (
        shelf.read("bank"),
        shelf.keep("bank", TOKEN),
        shelf.take("bank", "a"),
        shelf.leave("bank", "a"),
        shelf.fail("bank", "x"),
        shelf.failure("bank"),
    ):
        with pytest.raises(StoreUnavailable, match="the store does not answer"):
            await work
    await redis.aclose()


def test_a_token_is_not_shown_by_accident() -> None:
    """Neither it nor its refresh token."""
    assert "t0ken" not in repr(TOKEN)
    assert "refr3sh" not in repr(TOKEN)
