"""Tests of decisions: exactly what was seen, once, in time, by someone with a name."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from proxy.drift.again import Hopeless
from rules.hold import Event, Hold, State
from rules.reply import Reply
from tests.proxy.console.world import ACTION, TOKENS, World

GOOD = {"digest": ACTION.digest}
NO = {"reason": "not today"}


def value(world: World, name: str, **labels: str) -> float | None:
    """What a metric stands at."""
    return world.metrics.registry.get_sample_value(name, labels)


async def decide(api: httpx2.AsyncClient, hold: Hold, verb: str, body: object) -> httpx2.Response:
    """Send one decision."""
    return await api.post(f"/api/holds/{hold.hold_id}/{verb}", json=body)


async def test_approve(world: World, api: httpx2.AsyncClient) -> None:
    """An approval is recorded with its reviewer, starts its clock and is measured."""
    hold = await world.hold()
    world.clock.moment = hold.created_at + timedelta(seconds=90)
    response = await decide(api, hold, "approve", GOOD)
    decided = response.json()["hold"]
    found = await world.store.find(hold.hold_id)
    assert found is not None
    assert response.status_code == 200
    assert (decided["state"], decided["decided_by"], decided["decision_reason"]) == ("approved", "ada", None)
    assert decided["standing"].startswith("was approved by `ada` and waits to run until ")
    assert decided["run_by"] == (found.run_by or found.created_at).isoformat()
    assert (found.state, found.decided_by) == (State.APPROVED, "ada")
    assert value(world, "sidegate_hold_transitions_total", event="approve") == 1
    assert value(world, "sidegate_decision_seconds_sum", decision="approve") == 90


async def test_reject(world: World, api: httpx2.AsyncClient) -> None:
    """A rejection is recorded with its reviewer and its reason."""
    hold = await world.hold()
    response = await decide(api, hold, "reject", {"reason": "wrong account, ask Zoë 👩‍💻"})
    decided = response.json()["hold"]
    assert response.status_code == 200
    assert (decided["state"], decided["decided_by"]) == ("rejected", "ada")
    assert decided["decision_reason"] == "wrong account, ask Zoë 👩‍💻"
    assert decided["disposition"] == "denied-not-executed"
    assert value(world, "sidegate_hold_transitions_total", event="reject") == 1
    assert value(world, "sidegate_decision_seconds_count", decision="reject") == 1


async def test_a_decision_is_logged_without_its_words(
    world: World, api: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says who decided what, and repeats neither reason nor contents."""
    hold = await world.hold()
    with caplog.at_level(logging.INFO):
        await decide(api, hold, "reject", {"reason": "hush-hush"})
    assert f"console.decided hold={hold.hold_id} event=reject reviewer=ada" in caplog.text
    assert "hush-hush" not in caplog.text
    assert TOKENS["ada"] not in caplog.text


@pytest.mark.parametrize("body", [{}, {"digest": None}, {"digest": 7}, {"digest": ["a"]}, {"digest": {}}])
async def test_approving_without_having_looked(
    world: World, api: httpx2.AsyncClient, body: dict[str, object]
) -> None:
    """An approval has to say what it approves."""
    hold = await world.hold()
    response = await decide(api, hold, "approve", body)
    assert response.status_code == 400
    assert response.json()["type"] == "urn:sidegate:api:digest_missing"
    assert "read the hold first" in response.json()["detail"]
    assert await world.state(hold) is State.PENDING


@pytest.mark.parametrize(
    "digest", ["", "0" * 64, ACTION.digest.upper(), ACTION.digest[:-1], ACTION.digest + "0", "\0", "é"]
)
async def test_approving_something_else(world: World, api: httpx2.AsyncClient, digest: str) -> None:
    """The digest of anything but what would run approves nothing."""
    hold = await world.hold()
    response = await decide(api, hold, "approve", {"digest": digest})
    problem = response.json()
    assert response.status_code == 409
    assert (problem["type"], problem["why"]) == ("urn:sidegate:api:digest", "digest")
    assert problem["hold"]["state"] == "pending"
    assert "approve what you see" in problem["detail"]
    assert await world.state(hold) is State.PENDING


async def test_too_late(redis_url: str) -> None:
    """When the window has closed by the store's clock, nobody approves any more; rejecting still works."""
    world = World.build(redis_url, window=timedelta(0))
    async with world.client() as api:
        hold = await world.hold()
        late = await decide(api, hold, "approve", GOOD)
        rejected = await decide(api, hold, "reject", NO)
    await world.redis.aclose()
    assert late.status_code == 409
    assert late.json()["type"] == "urn:sidegate:api:late"
    assert "the time to decide ran out at " in late.json()["detail"]
    assert late.json()["hold"]["state"] == "pending"
    assert rejected.status_code == 200


async def test_our_own_clock_decides_nothing(world: World, api: httpx2.AsyncClient) -> None:
    """A console whose clock is days off neither closes nor opens a window, and measures no negative time."""
    hold = await world.hold()
    world.clock.moment += timedelta(days=-9)
    assert (await decide(api, hold, "approve", GOOD)).status_code == 200
    assert value(world, "sidegate_decision_seconds_sum", decision="approve") == 0


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (("approve", GOOD), ("approve", GOOD), "this hold was approved by `bob` and waits to run until "),
        (
            ("reject", NO),
            ("approve", GOOD),
            "this hold was rejected by `bob`: not today; nothing was changed",
        ),
        (("reject", NO), ("reject", NO), "this hold was rejected by `bob`: not today; nothing was changed"),
    ],
)
async def test_a_second_decision(
    world: World, first: tuple[str, object], second: tuple[str, object], words: str
) -> None:
    """Whoever comes second reads how the hold stands, and changes nothing."""
    hold = await world.hold()
    async with world.client(token=TOKENS["bob"]) as bob, world.client() as ada:
        assert (await decide(bob, hold, *first)).status_code == 200
        response = await decide(ada, hold, *second)
    problem = response.json()
    assert response.status_code == 409
    assert (problem["type"], problem["why"]) == ("urn:sidegate:api:state", "state")
    assert problem["detail"].startswith(words)
    assert problem["hold"]["decided_by"] == "bob"
    assert value(world, "sidegate_decision_seconds_count", decision="approve") in (0, 1)


async def test_rejecting_what_was_approved(world: World, api: httpx2.AsyncClient) -> None:
    """Until it is claimed, an approval can be taken back."""
    hold = await world.hold()
    await decide(api, hold, "approve", GOOD)
    assert (await decide(api, hold, "reject", NO)).json()["hold"]["state"] == "rejected"


async def test_rejecting_what_ran(world: World, api: httpx2.AsyncClient) -> None:
    """What ran cannot be taken back, and the answer says that it ran."""
    hold = await world.settled(Reply(status=200))
    response = await decide(api, hold, "reject", NO)
    assert response.status_code == 409
    assert "and ran" in response.json()["detail"]
    assert await world.state(hold) is State.EXECUTED


@pytest.mark.parametrize(("verb", "body"), [("approve", GOOD), ("reject", NO)])
async def test_many_at_once(world: World, verb: str, body: object) -> None:
    """Of many who decide at the same time exactly one does; who says the same again hears the same."""
    hold = await world.hold()
    async with world.client(token=TOKENS["bob"]) as bob, world.client() as ada:
        answers = await asyncio.gather(*(decide(client, hold, verb, body) for client in [ada, bob] * 10))
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [409] * 10
    winner = next(answer for answer in answers if answer.status_code == 200).json()["hold"]
    for answer in answers:
        assert answer.json()["hold"]["decided_by"] == winner["decided_by"]
    assert value(world, "sidegate_hold_transitions_total", event=verb) == 1


async def test_approving_and_rejecting_at_once(world: World, api: httpx2.AsyncClient) -> None:
    """Whatever the order, what was rejected stays rejected."""
    for _ in range(10):
        hold = await world.hold()
        await asyncio.gather(decide(api, hold, "approve", GOOD), decide(api, hold, "reject", NO))
        assert await world.state(hold) is State.REJECTED


@pytest.mark.parametrize(
    ("field", "spoilt"), [("sealed", b"x" * 300), ("digest", b"0" * 64), ("tier", b"3"), ("tier", b"2")]
)
async def test_approving_what_does_not_open(
    world: World, api: httpx2.AsyncClient, field: str, spoilt: bytes
) -> None:
    """What was changed in the store cannot be approved, by any digest; it can be rejected."""
    hold = await world.hold()
    await world.spoil(hold, field, spoilt)
    for digest in (ACTION.digest, "0" * 64):
        response = await decide(api, hold, "approve", {"digest": digest})
        assert response.status_code == 409
        assert response.json()["type"] == "urn:sidegate:api:integrity"
    assert await world.state(hold) is State.PENDING
    assert value(world, "sidegate_integrity_failures_total") == 2
    assert (await decide(api, hold, "reject", NO)).status_code == 200


@pytest.mark.parametrize(
    "reason",
    [
        "",
        " ",
        "\u3000",
        "x" * 2001,
        None,
        7,
        ["no"],
        "a\nb",
        "a\tb",
        "a\x00",
        "\x1b[2J",
        "a\x7f",
        "a\x9b",
        "a\u2028b",
        "a\u202eb",
        "a\u2066b",
    ],
)
@pytest.mark.parametrize("path", ["/api/holds/{}/reject", "/api/kill"])
async def test_bad_reasons(world: World, api: httpx2.AsyncClient, path: str, reason: object) -> None:
    """A reason is one line of plain text: the agent and other reviewers will read it."""
    hold = await world.hold()
    response = await api.post(path.format(hold.hold_id), json={"reason": reason})
    assert response.status_code == 400
    assert response.json()["type"] == "urn:sidegate:api:reason_invalid"
    assert await world.state(hold) is State.PENDING
    assert await world.store.killed() is None


async def test_a_missing_reason(world: World, api: httpx2.AsyncClient) -> None:
    """A rejection without a reason leaves the agent guessing."""
    hold = await world.hold()
    assert (await decide(api, hold, "reject", {})).status_code == 400
    assert (await decide(api, hold, "reject", {"reason": "x" * 2000})).status_code == 200


@pytest.mark.parametrize("verb", ["approve", "reject"])
async def test_nobody_decides_for_another(world: World, api: httpx2.AsyncClient, verb: str) -> None:
    """The reviewer is who the token says, never who the body says."""
    hold = await world.hold()
    body = {"digest": ACTION.digest} if verb == "approve" else {"reason": "no"}
    response = await decide(api, hold, verb, body | {"decided_by": "bob"})
    assert response.status_code == 400
    assert response.json()["type"] == "urn:sidegate:api:member_unknown"
    assert "`decided_by`" in response.json()["detail"]
    assert await world.state(hold) is State.PENDING


async def test_a_hold_that_is_forgotten_meanwhile(
    world: World, api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold that goes between reading and deciding is not found."""
    hold = await world.hold()
    step = type(world.store).step

    async def late(store: object, held: Hold, event: Event, **change: Any) -> Hold:
        await world.redis.delete(f"{{sidegate:{world.domain}}}:hold:{hold.hold_id}")
        return await step(world.store, held, event, **change)

    monkeypatch.setattr(type(world.store), "step", late)
    response = await decide(api, hold, "approve", GOOD)
    assert response.status_code == 404
    assert response.json()["type"] == "urn:sidegate:api:not_found"


async def drifted(world: World) -> Hold:
    """A hold that was refused because something had changed."""
    hold = await world.store.step(await world.approve(await world.hold()), Event.CLAIM)
    return await world.store.step(hold, Event.DRIFT)


async def test_asking_again(world: World) -> None:
    """A reviewer is given the new hold, which waits for a decision like any other one."""
    new = await world.hold()
    old = await drifted(world)
    asked: list[str] = []

    async def again(hold: Hold) -> Hold:
        asked.append(hold.hold_id)
        return new

    async with world.client(reviewing=replace(world.reviewing(), again=again)) as api:
        response = await api.post(f"/api/holds/{old.hold_id}/ask-again", json={})
    assert (response.status_code, response.json()["hold"]["hold_id"]) == (200, new.hold_id)
    assert asked == [old.hold_id]


@pytest.mark.parametrize("state", ["pending", "rejected", "executed"])
async def test_only_what_drifted_is_asked_again(world: World, api: httpx2.AsyncClient, state: str) -> None:
    """What runs, ran or was refused by a person is no question again."""
    hold = await world.hold() if state != "executed" else await world.settled(Reply(status=200))
    if state == "rejected":
        hold = await world.store.step(hold, Event.REJECT)
    response = await api.post(f"/api/holds/{hold.hold_id}/ask-again", json={})
    assert (response.status_code, response.json()["why"]) == (409, "state")


async def test_what_is_hopeless_is_not_asked_again(world: World) -> None:
    """Where no approval could help, no hold is made, and the reason is told."""
    old = await drifted(world)

    async def again(hold: Hold) -> Hold:
        raise Hopeless("rule `no` forbids this call")

    async with world.client(reviewing=replace(world.reviewing(), again=again)) as api:
        response = await api.post(f"/api/holds/{old.hold_id}/ask-again", json={})
    assert (response.status_code, response.json()["why"]) == (409, "hopeless")
    assert "rule `no` forbids this call" in response.json()["detail"]
    assert len(await world.store.list()) == 1
