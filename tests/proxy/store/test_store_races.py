"""All that can happen to a hold at once: exactly one thing does, and nothing is sent after an end."""

import asyncio
import random

import pytest

from proxy.store.connection import connect
from proxy.store.record import StoreUnavailable
from proxy.store.store import Refused, Store
from rules.hold import TRANSITIONS, Event, Hold, State
from tests.proxy.drafts import PATIENT, brought

DOMAIN = "races"
ENDING = (Event.EXPIRE, Event.CANCEL, Event.REJECT, Event.KILL)
UNSENT = {State.EXPIRED, State.CANCELLED, State.REJECTED, State.KILLED}


async def tried(store: Store, hold: Hold, event: Event) -> Event | None:
    """The event, if it happened."""
    try:
        await store.step(hold, event)
    except Refused:
        return None
    return event


async def worked(store: Store, hold: Hold, sent: list[str]) -> None:
    """What a worker does, with its first byte as an entry in `sent`."""
    try:
        claimed = await store.step(hold, Event.CLAIM)
        await asyncio.sleep(0)
        sending = await store.step(claimed, Event.SEND, fence=claimed.fence)
        sent.append(hold.hold_id)
        await store.step(sending, Event.ANSWER, fence=sending.fence)
    except (Refused, StoreUnavailable):
        return


@pytest.mark.parametrize("start", [State.PENDING, State.APPROVED, State.CLAIMED])
async def test_one_end_only(redis_url: str, start: State) -> None:
    """Whichever comes first; the others are refused and change nothing."""
    chance, clients = random.Random(start), [connect(redis_url) for _ in range(4)]
    for _ in range(50):
        sides = [Store(client, domain=DOMAIN, clocks=PATIENT) for client in clients]
        hold = await brought(sides[0], start)
        events = [event for event in ENDING if event in TRANSITIONS[start]] * 2
        chance.shuffle(events)
        tries = (tried(chance.choice(sides), hold, event) for event in events)
        happened = [event for event in await asyncio.gather(*tries) if event]
        assert len(happened) == 1
        found = await sides[0].find(hold.hold_id)
        assert found is not None
        assert found.state is TRANSITIONS[start][happened[0]]
    await asyncio.gather(*(client.aclose() for client in clients))


async def test_nothing_is_sent_after_an_end(redis_url: str) -> None:
    """Approval, workers and every end at once: either one worker sends, or an end has won."""
    chance, clients = random.Random(7), [connect(redis_url) for _ in range(4)]
    won: set[str] = set()
    for _ in range(150):
        sides, sent = [Store(client, domain=DOMAIN, clocks=PATIENT) for client in clients], list[str]()
        hold = await brought(sides[0], chance.choice([State.PENDING, State.APPROVED]))
        every = [(tried, event) for event in (*ENDING, Event.APPROVE)]
        work = [step(chance.choice(sides), hold, event) for step, event in every if chance.random() < 0.4]
        running = [*work, *(worked(chance.choice(sides), hold, sent) for _ in range(3))]
        chance.shuffle(running)
        await asyncio.gather(*running)
        found = await sides[0].find(hold.hold_id)
        assert found is not None
        assert len(sent) <= 1
        assert (found.state is State.EXECUTED) is bool(sent)
        assert not (found.state in UNSENT and sent)
        won.add(found.state)
    assert {State.EXECUTED, *UNSENT} <= won
    await asyncio.gather(*(client.aclose() for client in clients))
