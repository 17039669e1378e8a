"""Tests of receipts: what they say, and that they can be checked with a public key alone."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from proxy.audit.recorder import Recorder
from proxy.keys.signing import Verifier, verify
from rules.audit.receipt import flaws
from rules.decision import Decision
from rules.hold import Event, Hold
from rules.reply import Reply
from tests.proxy.audit.trails import Disk, recorder
from tests.proxy.console.world import ACTION, World

SECRET = "hunter2-of-the-body"


@pytest.fixture
async def told(world: World) -> AsyncIterator[tuple[httpx2.AsyncClient, Recorder, Disk]]:
    """Give the console's API over an audit trail."""
    with recorder() as (audit, _, disk):
        world.store.told.append(audit)
        async with world.client(reviewing=replace(world.reviewing(), audit=audit)) as api:
            yield api, audit, disk


def wrong(receipt: object, world: World) -> list[str]:
    """What is wrong with a receipt, to whoever knows the console's key."""

    def decision(stored: str, domain: str) -> Decision:
        return Verifier(consoles=[world.signer.public], domain=domain).read(stored)

    return list(flaws(receipt, keys={world.signer.public.hex()}, verify=verify, decision=decision))


async def ran(world: World, api: httpx2.AsyncClient, audit: Recorder) -> Hold:
    """A hold that was shown, approved, sent and answered."""
    hold = await world.hold(replace(ACTION, body=json.dumps({"note": SECRET}).encode()))
    shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    seen = {"digest": hold.digest, "preview": shown["package"]["preview"]}
    assert (await api.post(f"/api/holds/{hold.hold_id}/approve", json=seen)).status_code == 200
    hold = await world.store.step(hold, Event.CLAIM)
    await audit.sending(hold, attempt="A1", event="send")
    hold = await world.store.step(hold, Event.SEND, fields={"sends": b"A1"})
    answer = world.sealed.close_answer(hold, Reply(status=200, phrase="OK", fields=(), body=b"{}"))
    return await world.store.step(hold, Event.ANSWER, fields={"answer": answer})


async def receipt_of(api: httpx2.AsyncClient, hold: Hold, query: str = "") -> dict[str, Any]:
    """As the API gives it."""
    answer = await api.get(f"/api/holds/{hold.hold_id}/receipt{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["receipt"]
    return found


async def test_it_tells_what_was_asked_shown_decided_and_done(
    world: World, told: tuple[httpx2.AsyncClient, Recorder, Disk]
) -> None:
    """And of the contents only hashes."""
    api, audit, _ = told
    hold = await ran(world, api, audit)
    receipt = await receipt_of(api, hold)
    assert wrong(receipt, world) == []
    assert receipt["asked"]["digest"] == hold.digest
    assert receipt["asked"]["host"] == ACTION.host
    [decided] = receipt["decided"]
    assert decided["statement"]["who"] == "ada"
    assert decided["statement"]["preview"] == receipt["shown"]["preview"]
    assert receipt["executed"]["state"] == "executed"
    kinds = [json.loads(text)["kind"] for text in receipt["records"]]
    assert kinds == ["hold", "decision", "transition", "attempt", "transition", "transition", "note"]
    assert SECRET not in json.dumps(receipt)


async def test_with_its_document_it_shows_what_was_shown(
    world: World, told: tuple[httpx2.AsyncClient, Recorder, Disk]
) -> None:
    """Whose hash is the preview that the approval names."""
    api, audit, _ = told
    receipt = await receipt_of(api, await ran(world, api, audit), "?document=1")
    assert SECRET in json.dumps(receipt["shown"]["document"])
    assert wrong(receipt, world) == []
    receipt["shown"]["document"]["digest"] = "0" * 64
    assert len(wrong(receipt, world)) == 2


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("asked", {"hold": "x", "digest": "y"}),
        ("decided", []),
        ("decided", [{"signature": "00" * 64, "statement": {}}]),
        ("executed", {"state": "rejected", "sends": []}),
        ("executed", {"sends": ["A1", "A2"]}),
        ("records", []),
        ("records", ["{}"]),
        ("shown", {"preview": "0" * 64, "document": None}),
        ("at", "2020-01-01"),
        ("domain", "another"),
        ("key", "00" * 32),
        ("key", 7),
        ("signature", "zz"),
        ("signature", "00" * 64),
        ("v", 2),
        ("decided", None),
        ("more", 1),
    ],
    ids=range(17),
)
async def test_nothing_of_it_can_be_changed(
    world: World, told: tuple[httpx2.AsyncClient, Recorder, Disk], part: str, value: object
) -> None:
    """Whatever stands there raises nothing."""
    api, audit, _ = told
    receipt = await receipt_of(api, await ran(world, api, audit))
    assert wrong(receipt | {part: value}, world) != []


@pytest.mark.parametrize("receipt", [None, [], {}, "x", 7])
def test_what_is_no_receipt_is_wrong(world: World, receipt: object) -> None:
    """And raises nothing."""
    assert wrong(receipt, world) == ["it is no receipt of this version"]


async def test_of_a_hold_that_waits(world: World, told: tuple[httpx2.AsyncClient, Recorder, Disk]) -> None:
    """Nobody has decided, nothing was sent."""
    api, _, _ = told
    receipt = await receipt_of(api, await world.hold(), "?document=1")
    assert (receipt["decided"], receipt["executed"]["sends"], receipt["shown"]["preview"]) == ([], [], None)


async def test_without_a_trail_that_can_be_written_there_is_none(
    world: World, told: tuple[httpx2.AsyncClient, Recorder, Disk]
) -> None:
    """It would leave out what waits to be written."""
    api, _, disk = told
    disk.fault = OSError(28, "No space left on device")
    answer = await api.get(f"/api/holds/{(await world.hold()).hold_id}/receipt")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:sidegate:api:audit")


@pytest.mark.parametrize("query", ["?document=2", "?document=", "?x=1"])
async def test_odd_queries_are_refused(world: World, api: httpx2.AsyncClient, query: str) -> None:
    """Rather than passed over."""
    answer = await api.get(f"/api/holds/{(await world.hold()).hold_id}/receipt{query}")
    assert answer.status_code == 400


async def test_there_is_none_of_a_hold_that_is_not_there(api: httpx2.AsyncClient) -> None:
    """404, as everywhere."""
    assert (await api.get("/api/holds/01H/receipt")).status_code == 404
