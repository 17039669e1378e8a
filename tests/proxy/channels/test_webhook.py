"""Tests of webhooks: signed, without the call's contents, told again until they are taken."""

import base64
import hmac
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from proxy.channels.settings import Channels, SecretPlace, Webhook
from proxy.channels.webhook import WebhookChannel
from proxy.console.reading.lines import Lines
from rules.hold import Event, Hold, State
from rules.verdict import Tier
from tests.proxy.channels.listener import Heard, Listener
from tests.proxy.channels.stage import (
    LINK,
    asking,
    counted,
    eventually,
    masked,
    reviewing_of,
    telling,
    twin_of,
)
from tests.proxy.console.deciding.test_drilled import a_drill
from tests.proxy.console.world import World

OLD, NEW = b"an-old-secret-of-this-hook", b"a-new-secret-of-this-hook!"


def webhook(tmp_path: Path, listener: Listener, **changes: object) -> Webhook:
    """A webhook with two secrets, the newer one in base64."""
    (tmp_path / "old").write_bytes(OLD)
    (tmp_path / "new").write_text("whsec_" + base64.b64encode(NEW).decode())
    places = tuple(SecretPlace(file=str(tmp_path / name)) for name in ("new", "old"))
    made = Webhook(name="ops", url=f"{listener.url}/hook", secrets=places)
    return made.model_copy(update=changes)


def signed_by(heard: Heard, key: bytes) -> bool:
    """Whether one of the signatures is that of `key`, over id, time and body."""
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.".encode() + heard.body
    wanted = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    return f"v1,{wanted}" in heard.headers["webhook-signature"].split(" ")


async def test_each_state_is_told_once_in_order(world: World, listener: Listener, tmp_path: Path) -> None:
    """Signed with either secret, with an id of its own, and nothing of the body or a credential."""
    one = webhook(tmp_path, listener)
    reviewing = reviewing_of(world, Channels(webhooks=(one,)))
    assert reviewing.channels
    async with telling(reviewing, [WebhookChannel(one, reviewing.channels, Lines(reviewing))]):
        hold = await world.hold()
        await world.store.step(hold, Event.REJECT, fields={"decision_reason": b"not him"})
        await eventually(lambda: _heard(listener, 2))
        await eventually(lambda: _counted(reviewing, "delivered", 2))
    first, second = (json.loads(heard.body) for heard in listener.heard)
    assert [told["type"] for told in (first, second)] == ["hold.pending", "hold.rejected"]
    assert first["data"] | {"created_at": ""} == {
        "hold_id": hold.hold_id,
        "state": "pending",
        "was": None,
        "event": None,
        "escalated_to": None,
        "disposition": None,
        "attempts": 1,
        "summary": first["data"]["summary"],
        "method": "POST",
        "host": "bank.example",
        "tier": 4,
        "rule": "pay",
        "created_at": "",
        "decide_by": hold.decide_by.isoformat(),
        "decision_reason": None,
        "drill": None,
        "link": f"{LINK}/holds/{hold.hold_id}",
    }
    assert (second["data"]["disposition"], second["data"]["decision_reason"]) == (
        "denied-not-executed",
        "not him",
    )
    for heard in listener.heard:
        assert signed_by(heard, OLD)
        assert signed_by(heard, NEW)
        assert not signed_by(replace(heard, body=heard.body + b" "), NEW)
        assert b"12.50" not in heard.body
        assert b"dry=no" not in heard.body
    assert len({heard.headers["webhook-id"] for heard in listener.heard}) == 2


async def test_it_is_told_again_until_it_is_taken(world: World, listener: Listener, tmp_path: Path) -> None:
    """Under the same id; what comes after it waits for it."""
    one = webhook(tmp_path, listener)
    listener.answers = lambda _heard: (500 if len(listener.heard) < 2 else 204, b"")
    reviewing = reviewing_of(world, Channels(webhooks=(one,)))
    assert reviewing.channels
    async with telling(reviewing, [WebhookChannel(one, reviewing.channels, Lines(reviewing))]):
        hold = await world.hold()
        await world.store.step(hold, Event.CANCEL)
        await eventually(lambda: _heard(listener, 4))
    types = [json.loads(heard.body)["type"] for heard in listener.heard]
    assert types == ["hold.pending"] * 3 + ["hold.cancelled"]
    ids = [heard.headers["webhook-id"] for heard in listener.heard]
    assert len(set(ids[:3])) == 1
    assert ids[3] != ids[2]


async def test_redirects_are_not_followed(world: World, listener: Listener, tmp_path: Path) -> None:
    """It counts as not told."""
    one = webhook(tmp_path, listener)
    listener.further = {"Location": f"{listener.url}/elsewhere"}
    listener.answers = lambda _heard: (307, b"")
    reviewing = reviewing_of(world, Channels(webhooks=(one,)))
    assert reviewing.channels
    async with telling(reviewing, [WebhookChannel(one, reviewing.channels, Lines(reviewing))]):
        await world.hold()
        await eventually(lambda: _counted(reviewing, "dead", 1))
    assert {heard.path for heard in listener.heard} == {"/hook"}
    assert len(listener.heard) == 4


async def test_who_is_gone_is_not_asked_again(world: World, listener: Listener, tmp_path: Path) -> None:
    """410 gives up at once."""
    one = webhook(tmp_path, listener)
    listener.answers = lambda _heard: (410, b"")
    reviewing = reviewing_of(world, Channels(webhooks=(one,)))
    assert reviewing.channels
    async with telling(reviewing, [WebhookChannel(one, reviewing.channels, Lines(reviewing))]):
        await world.hold()
        await eventually(lambda: _counted(reviewing, "dead", 1))
    assert len(listener.heard) == 1


async def test_what_it_is_not_meant_to_hear(world: World, listener: Listener, tmp_path: Path) -> None:
    """Other events and other hosts are passed over."""
    one = webhook(tmp_path, listener, events=(State.REJECTED,), hosts=("other.example",))
    two = webhook(tmp_path, listener, name="two", events=(State.REJECTED,), hosts=("bank.example",))
    reviewing = reviewing_of(world, Channels(webhooks=(one, two)))
    assert reviewing.channels
    made = [WebhookChannel(each, reviewing.channels, Lines(reviewing)) for each in (one, two)]
    async with telling(reviewing, made):
        hold = await world.hold(tier=Tier.EXTERNAL)
        await world.store.step(hold, Event.REJECT)
        await eventually(lambda: _counted(reviewing, "skipped", 1))
        await eventually(lambda: _heard(listener, 1))
    assert [json.loads(heard.body)["type"] for heard in listener.heard] == ["hold.rejected"]


@pytest.mark.parametrize("secret", ["short", "whsec_!!!", "whsec_c2hvcnQ=", ""])
async def test_a_bad_secret_is_said(world: World, listener: Listener, tmp_path: Path, secret: str) -> None:
    """Nothing is sent that nobody could verify, and no part of the secret is told."""
    (tmp_path / "bad").write_text(secret)
    one = webhook(tmp_path, listener, secrets=(SecretPlace(file=str(tmp_path / "bad")),))
    reviewing = reviewing_of(world, Channels(webhooks=(one,)))
    assert reviewing.channels
    async with telling(reviewing, [WebhookChannel(one, reviewing.channels, Lines(reviewing))], delays=()):
        await world.hold()
        await eventually(lambda: _counted(reviewing, "dead", 1))
    async with world.client() as client:
        [dead] = (await client.get("/api/deliveries")).json()["dead"]
    assert not secret or secret not in dead["why"]
    assert listener.heard == []


async def _heard(listener: Listener, count: int) -> bool:
    return len(listener.heard) >= count


async def _counted(reviewing: object, outcome: str, count: int) -> bool:
    return counted(reviewing, "webhook", outcome) >= count  # type: ignore[arg-type]


async def test_a_hold_that_nobody_decides(world: World, listener: Listener, tmp_path: Path) -> None:
    """It is told once more, with why, though its state is what it was."""
    one = webhook(tmp_path, listener)
    reviewing = reviewing_of(world, Channels(webhooks=(one,)))
    assert reviewing.channels
    async with telling(reviewing, [WebhookChannel(one, reviewing.channels, Lines(reviewing))]):
        hold = await world.hold()
        await asking(world, hold, "finance")
        await eventually(lambda: _heard(listener, 2))
    told = json.loads(listener.heard[1].body)
    assert told["type"] == "hold.pending"
    assert (told["data"]["event"], told["data"]["escalated_to"]) == ("prolong", "finance")


async def test_people_who_read_it_are_told_of_a_drill(
    world: World, listener: Listener, tmp_path: Path
) -> None:
    """While it waits by what a hold is told by, and what it was once somebody has answered it."""
    one = webhook(tmp_path, listener, people=True)
    reviewing = reviewing_of(world, Channels(webhooks=(one,)))
    assert reviewing.channels
    async with telling(reviewing, [WebhookChannel(one, reviewing.channels, Lines(reviewing))]):
        drill = await a_drill(world)
        twin = await twin_of(world, drill)
        await eventually(lambda: _told(listener, twin, "hold.pending"))
        async with world.client() as client:
            await client.post(f"/api/holds/{drill.hold_id}/reject", json={"reason": "odd"})
        await eventually(lambda: _told(listener, drill, "hold.drilled"))
    waits, ended = told_of(listener, drill)
    [other] = told_of(listener, twin)
    assert masked(json.dumps(waits)) == masked(json.dumps(other))
    assert ended["data"]["drill"]["answer"] == "rejected"
    assert ended["data"]["drill"]["said"].startswith("this was a drill, which can never run")


async def test_an_agents_framework_is_told_of_no_drill(
    world: World, listener: Listener, tmp_path: Path
) -> None:
    """Whatever becomes of it, and whatever states the webhook asks for."""
    one = webhook(tmp_path, listener, events=tuple(State))
    reviewing = reviewing_of(world, Channels(webhooks=(one,)))
    assert reviewing.channels
    async with telling(reviewing, [WebhookChannel(one, reviewing.channels, Lines(reviewing))]):
        drill = await a_drill(world)
        await world.store.step(drill, Event.DRILL)
        await eventually(lambda: _counted(reviewing, "skipped", 2))
    assert told_of(listener, drill) == []


def told_of(listener: Listener, hold: Hold) -> list[dict[str, Any]]:
    """What was posted of a hold."""
    posted = [json.loads(heard.body) for heard in listener.heard]
    return [told for told in posted if told["data"]["hold_id"] == hold.hold_id]


async def _told(listener: Listener, hold: Hold, kind: str) -> bool:
    return kind in {told["type"] for told in told_of(listener, hold)}
