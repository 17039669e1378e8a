"""Tests of what is remembered of agents' calls."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from proxy.agent import Agent
from proxy.store.history import History, party_key, past_of, session_key
from proxy.store.record import StoreUnavailable
from rules.account import NOTHING, Account
from rules.classify import classify
from rules.review.past import LONGEST, MOST_KEPT
from tests.proxy.console.world import AGENT, RULES, World
from tests.rules.calls import http

PAY = http("POST bank.example/transfers?token=hush", {"amount": 5, "currency": "eur", "to": "ACME"})
JUDGED = classify(PAY, RULES)


async def keys(world: World) -> list[bytes]:
    """Under which keys of the domain anything is remembered."""
    return [bytes(name) async for name in world.redis.scan_iter(f"*{world.domain}*:past:*")]


async def only(world: World, key: bytes) -> bytes:
    """The one thing that is remembered there."""
    found: Any = await world.redis.zrange(key, 0, -1)
    assert len(found) == 1
    return bytes(found[0])


async def test_the_newest_first(world: World) -> None:
    """What was noted comes back, with its sum and without its query."""
    history = world.history
    await history.note(AGENT, PAY, JUDGED)
    await history.note(AGENT, http("PUT crm.example/contacts/7", {}), JUDGED)
    found = await history.newest(AGENT)
    assert [one.words for one in found] == ["PUT crm.example/contacts/7", "POST bank.example/transfers"]
    assert str(found[1].money) == "5 EUR"
    assert (found[1].session, found[1].party) == (session_key(AGENT), party_key(AGENT, " acme "))


async def test_a_hold_is_noted_in_words(world: World) -> None:
    """With its id, by which its outcome is found later."""
    hold = await world.hold()
    await world.history.note(AGENT, PAY, hold)
    (found,) = await world.history.newest(AGENT)
    assert found.words == "pay 5 EUR to `ACME` at `bank.example`"
    assert (found.hold_id, found.ran) == (hold.hold_id, False)


async def test_one_agent_of_several_sessions(world: World) -> None:
    """Its sessions share one memory; another agent's is another one."""
    later = replace(AGENT, principal=replace(AGENT.principal, session="s2"))
    stranger = replace(AGENT, principal=replace(AGENT.principal, agent="agent-8"))
    await world.history.note(AGENT, PAY, JUDGED)
    assert len(await world.history.newest(later)) == 1
    assert await world.history.newest(stranger) == []
    assert session_key(later) != session_key(AGENT)


async def test_it_is_bounded(world: World) -> None:
    """By a number, by an age, and each by a length."""
    for _ in range(MOST_KEPT + 5):
        await world.history.note(AGENT, PAY, JUDGED)
    (key,) = await keys(world)
    assert await world.redis.zcard(key) == MOST_KEPT
    assert 0 < await world.redis.ttl(key) <= timedelta(days=7).total_seconds()
    long = http(f"POST bank.example/{'x' * 2000}", {})
    assert len(past_of(AGENT, long, JUDGED, NOTHING).words) == LONGEST
    short = History(world.redis, world.sealed.keyring, keep=timedelta(microseconds=1), ruleset=lambda: RULES)
    await short.note(AGENT, PAY, JUDGED)
    assert await world.redis.zcard(key) <= 1


async def test_nothing_of_it_is_in_clear(world: World) -> None:
    """Neither the store's keys nor its values name anything; what was altered or moved is left out."""
    await world.history.note(AGENT, PAY, JUDGED)
    (key,) = await keys(world)
    sealed = await only(world, key)
    for name in (b"bank", b"ACME", b"agent-7", b"eve", b"s1"):
        assert name not in key
        assert name not in sealed
    await world.redis.zadd(key, {sealed[:-1] + b"x": 1, b"": 2})
    assert len(await world.history.newest(AGENT)) == 1
    other = replace(AGENT, principal=replace(AGENT.principal, agent="agent-8"))
    await world.history.note(other, PAY, JUDGED)
    (theirs,) = [name for name in await keys(world) if name != key]
    await world.redis.zadd(theirs, {sealed: 1})
    assert len(await world.history.newest(other)) == 1


def test_a_rule_names_the_other_side() -> None:
    """The same name is the same key, whatever its case."""
    call = http("POST bank.example/transfers", {"payee": "Acme"})
    past = past_of(AGENT, call, JUDGED, Account(counterparty=("payee",)))
    assert past.party == party_key(AGENT, "ACME") != party_key(AGENT, "other")
    assert past_of(AGENT, call, JUDGED, NOTHING).party == party_key(AGENT, "Acme")


async def test_a_store_that_is_away() -> None:
    """Both say so."""
    away = World.build("unix:///tmp/sidegate-no-such-socket")
    agent: Agent = AGENT
    with pytest.raises(StoreUnavailable):
        await away.history.note(agent, PAY, JUDGED)
    with pytest.raises(StoreUnavailable):
        await away.history.newest(agent)
    await away.redis.aclose()
