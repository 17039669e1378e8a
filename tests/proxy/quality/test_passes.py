"""Calls that passed as the store keeps them."""

from dataclasses import replace
from datetime import timedelta

from ulid import ULID

from proxy.keys.keyring import Keyring
from proxy.quality.passes import LONGEST_BODY, Passes, Sample
from tests.proxy.console.pages.browser import posting
from tests.proxy.console.world import World
from tests.proxy.quality.samples import PASSING, kept

HOUR = timedelta(hours=1)


async def test_it_is_read_as_it_was_kept(world: World) -> None:
    """To the byte, whatever is in it, and listed until somebody has said something."""
    odd = replace(posting(b"\x00\xff"), fields=((b"X-Note", b"caf\xe9"),))
    sample = Sample.of(str(ULID()), odd, PASSING)
    passes = world.reviewing().passes
    assert await passes.keep(sample, ttl=HOUR, most=10)
    assert await passes.find(sample.sample_id) == sample
    assert await passes.newest(unlabelled=True, most=10) == [sample]
    assert await passes.waiting() == 1
    await passes.labelled(sample.sample_id)
    assert (await passes.newest(unlabelled=True, most=10), await passes.waiting()) == ([], 0)
    assert await passes.newest(unlabelled=False, most=10) == [sample]


async def test_credentials_are_not_in_it(world: World) -> None:
    """Nor is anything of it in the store that can be read."""
    await kept(world, reason="a-secret-reason")
    found = await world.redis.keys(f"*{world.domain}*")
    dumped = b"".join([await world.redis.dump(key) or b"" for key in found])
    assert b"a-secret-reason" not in dumped
    assert b"bank.example" not in dumped


async def test_of_a_long_body_the_beginning(world: World) -> None:
    """With the length of the whole."""
    sample = Sample.of(str(ULID()), posting(b"x" * (LONGEST_BODY + 5)), PASSING)
    assert (len(sample.body), sample.body_size) == (LONGEST_BODY, LONGEST_BODY + 5)


async def test_no_more_than_so_many(world: World) -> None:
    """Beyond the bound none is taken; what was forgotten makes room."""
    passes = world.reviewing().passes
    sample = await kept(world, most=1)
    more = Sample.of(str(ULID()), posting(b"{}"), PASSING)
    assert not await passes.keep(more, ttl=HOUR, most=1)
    key = f"{{sidegate:{world.domain}}}:passed"
    for name in (key, f"{key}-unlabelled"):
        await world.redis.zadd(name, {sample.sample_id: 1})
    assert await passes.waiting() == 0
    assert await passes.keep(more, ttl=HOUR, most=1)


async def test_everything_expires(world: World) -> None:
    """Nothing of it stays in the store without an end."""
    await kept(world)
    for key in await world.redis.keys(f"{{sidegate:{world.domain}}}:passed*"):
        assert 0 < await world.redis.pttl(key) <= 3_600_000


async def test_what_does_not_open(world: World) -> None:
    """Another's key, another's place: there is no such call."""
    sample = await kept(world)
    stranger = Passes(world.store, Keyring([b"x" * 32], domain=world.domain))
    assert await stranger.find(sample.sample_id) is None
    assert await stranger.newest(unlabelled=True, most=10) == []
    key = f"{{sidegate:{world.domain}}}:passed:"
    other = str(ULID())
    await world.redis.copy(f"{key}{sample.sample_id}", f"{key}{other}")
    assert await world.reviewing().passes.find(other) is None
