"""Words about holds as the store keeps them."""

from redis.asyncio import Redis

from proxy.quality.labels import Given, Labels
from tests.proxy.drafts import stores


async def test_the_last_word_of_each(redis: Redis) -> None:
    """What it takes the place of is told, so that it can be counted."""
    labels = Labels(stores(redis)[0])
    assert await labels.give("a", who="ann", label="right") == Given(before="", now="right")
    assert await labels.give("a", who="ann", label="wrong") == Given(before="right", now="wrong")
    again = await labels.give("a", who="ann", label="wrong")
    assert not again.changed
    await labels.give("a", who="bo", label="right")
    assert await labels.about("a") == {"ann": "wrong", "bo": "right"}
    assert await labels.about("b") == {}
