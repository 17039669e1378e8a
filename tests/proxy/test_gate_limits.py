"""What the gate counts over many calls: budgets, and floods of holds."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from addons.exchange import Passage
from proxy.store.timing import Cap
from rules.reply import Reply
from tests.proxy.gatehouse import Gatehouse, gatehouse, hold_id, request, told


def pays(amount: object, to: str) -> bytes:
    """The body of a payment."""
    return json.dumps({"amount": amount, "to": to}).encode()


@pytest.fixture(name="house")
async def fixture_house(redis_url: str) -> AsyncIterator[Gatehouse]:
    """A gate whose agent may open three holds."""
    async with gatehouse(redis_url, cap=Cap(most=3)) as house:
        yield house


async def test_a_payment_in_parts(house: Gatehouse) -> None:
    """The part that crosses the limit is held, and all after it; another payee has a budget of its own."""
    first = await house.admit(request(path="/small", body=pays(90, "a")))
    assert isinstance(first, Passage)
    second = await house.admit(request(path="/small", body=pays(80, "a")))
    held = await house.find(second)
    assert (held.reason_id, held.rule, int(held.tier)) == ("budget", "small", 4)
    assert isinstance(await house.admit(request(path="/small", body=pays(90, "b"))), Passage)
    assert house.metric("sidegate_admissions_total", tier="4", verdict="hold", reason_id="budget") == 1


async def test_parts_at_once(house: Gatehouse) -> None:
    """Side by side they spend no more than one after the other."""
    outcomes = await asyncio.gather(
        *(house.admit(request(path="/small", body=pays(30 + n, "c"))) for n in range(6))
    )
    assert sum(isinstance(outcome, Passage) for outcome in outcomes) == 3


async def test_agents_have_budgets_of_their_own(redis_url: str, house: Gatehouse) -> None:
    """What one spends is not taken from another."""
    async with gatehouse(redis_url, agent="agent-2", domain="shared") as one:
        assert isinstance(await one.admit(request(path="/small", body=pays(90, "a"))), Passage)
    async with gatehouse(redis_url, agent="agent-3", domain="shared") as other:
        assert isinstance(await other.admit(request(path="/small", body=pays(90, "a"))), Passage)
    async with gatehouse(redis_url, agent="agent-2", domain="shared") as again:
        assert isinstance(await again.admit(request(path="/small", body=pays(90, "a"))), Reply)


async def test_a_flood(house: Gatehouse) -> None:
    """Three are held, the next hear 429 and are no holds; a retry joins; what passes still passes."""
    held = [await house.admit(request(body=pays(n, "a"))) for n in range(3)]
    for n in range(3, 6):
        outcome = await house.admit(request(body=pays(n, "a")))
        assert isinstance(outcome, Reply)
        assert outcome.status == 429
        assert told(outcome)["reason_id"] == "flooded"
    assert len(await house.store.list()) == 3
    assert hold_id(await house.admit(request(body=pays(0, "a")))) == hold_id(held[0])
    assert isinstance(await house.admit(request("GET", "/read")), Passage)
    assert house.metric("sidegate_refusals_total", reason_id="flooded") == 3
