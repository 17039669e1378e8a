"""Whatever a person does to a hold stands in the audit trail, with that person's name."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import rfc8785

from proxy.console.deciding.deciding import Deciding
from proxy.console.deciding.editing import Editing
from proxy.console.deciding.talking import Talking
from proxy.console.reading.seen import Named
from proxy.keys.signing import Verifier, verify
from rules.audit.facts import decision_hash
from rules.audit.receipt import Receipt, flaws
from rules.audit.record import Record
from rules.decision import Decision
from rules.hold import Event, Hold, Resolution, State
from tests.proxy.audit.trails import recorder, records
from tests.proxy.console.deciding.test_votes import ADA, BOB, TWO, asking_for, yes
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World

UNNAMED = Named(preview=None, viewed=frozenset())

type Act = Callable[[World, Hold], Awaitable[object]]


async def _undone(world: World, hold: Hold) -> Hold:
    slow = asking_for(world, "quorum: 1", grace=60)
    slow.store.told.extend(world.store.told)
    await Deciding(slow.reviewing()).approve(hold.hold_id, who=ADA, digest=READ.digest, named=UNNAMED)
    return await Deciding(slow.reviewing()).undo(hold.hold_id, who=ADA)


async def _recanted(world: World, hold: Hold) -> Hold:
    two = asking_for(world, TWO)
    two.store.told.extend(world.store.told)
    await yes(two, hold, ADA)
    return await Deciding(two.reviewing()).undo(hold.hold_id, who=ADA)


async def _resolved(world: World, hold: Hold, outcome: Resolution) -> Hold:
    for event in (Event.APPROVE, Event.CLAIM, Event.SEND, Event.LOSE):
        hold = await world.store.step(hold, event)
    digest = hold.digest if outcome is Resolution.TRY_AGAIN else None
    return await Deciding(world.reviewing()).resolve(
        hold.hold_id, outcome, who=ADA, reason="looked", digest=digest
    )


ACTS: dict[str, tuple[Act, list[str]]] = {
    "approve": (lambda world, hold: yes(world, hold, ADA), ["approve"]),
    "vote": (lambda world, hold: yes(asking_for_told(world), hold, ADA), ["vote"]),
    "undo": (_undone, ["approve", "undo"]),
    "recant": (_recanted, ["vote", "recant"]),
    "reject": (lambda w, h: Deciding(w.reviewing()).reject(h.hold_id, who=ADA, reason="no"), ["reject"]),
    "respond": (lambda w, h: Deciding(w.reviewing()).respond(h.hold_id, who=ADA, answer="no"), ["respond"]),
    "cancel": (lambda w, h: Deciding(w.reviewing()).cancel(h.hold_id, who=ADA, reason="no"), ["cancel"]),
    "edit": (
        lambda w, h: Editing(w.reviewing()).apply(h.hold_id, {"amount": 1}, who=ADA, digest=h.digest),
        ["supersede"],
    ),
    "confirm": (lambda w, h: _resolved(w, h, Resolution.EXECUTED), ["confirm"]),
    "refute": (lambda w, h: _resolved(w, h, Resolution.NOT_EXECUTED), ["refute"]),
    "retry": (lambda w, h: _resolved(w, h, Resolution.TRY_AGAIN), ["retry"]),
}


def asking_for_told(world: World) -> World:
    """The world under a rule that asks for two people, whose store tells the same."""
    two = asking_for(world, TWO)
    two.store.told.extend(world.store.told)
    return two


@pytest.mark.observe
@pytest.mark.parametrize("act", ACTS)
async def test_each_act_is_a_decision_with_its_person(world: World, act: str) -> None:
    """None of them goes past the trail, and none is without its person, its digest and its hold."""
    do, events = ACTS[act]
    with recorder() as (audit, folder, _):
        world.store.told.append(audit)
        hold = await world.hold(READ)
        await do(world, hold)
        audit.trail.close()
        decided = records(folder, "decision")
        opened = records(folder, "hold")
    assert [record.facts["event"] for record in decided] == events
    assert {record.facts["who"] for record in decided} == {"ada"}
    assert {record.facts["digest"] for record in decided} == {hold.digest}
    assert len(opened) == 1 + (act == "edit")
    if act == "edit":
        made = opened[1].facts
        assert (made["supersedes"], made["edited_by"]) == (hold.hold_id, "ada")
        assert decided[0].facts["superseded_by"] == made["hold"]


@pytest.mark.observe
async def test_what_is_asked_answered_and_said_is_recorded_without_its_words(world: World) -> None:
    """A question and a comment by a person, the answer by nobody: it is the agent's."""
    secret = "hunter2-of-the-talk"
    with recorder() as (audit, folder, _):
        world.store.told.append(audit)
        hold, talking = await world.hold(READ), Talking(world.reviewing())
        await talking.ask(hold.hold_id, who=ADA, question=secret)
        await talking.comment(hold.hold_id, who=BOB, text=secret)
        found = await world.store.find(hold.hold_id)
        assert found is not None
        await world.editing.keeping.reply(found, secret)
        audit.trail.close()
        told = records(folder, "talk")
        written = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    assert [(r.facts["what"], r.facts.get("who")) for r in told] == [
        ("question", "ada"),
        ("comment", "bob"),
        ("answer", None),
    ]
    assert secret.encode() not in written


def _wrong(receipt: Receipt, world: World) -> list[str]:
    def decision(stored: str, domain: str) -> Decision:
        return Verifier(consoles=[world.signer.public], domain=domain).read(stored)

    return list(flaws(receipt, keys={world.signer.public.hex()}, verify=verify, decision=decision))


@pytest.mark.observe
async def test_a_receipt_has_every_vote_and_each_is_checked(world: World) -> None:
    """Of a quorum each person's own statement; a vote that another hand has signed is told."""
    with recorder() as (audit, folder, _):
        world.store.told.append(audit)
        two = asking_for_told(world)
        hold = await two.hold(READ)
        await yes(two, hold, ADA)
        assert (await yes(two, hold, BOB)).state is State.APPROVED
        reviewing = replace(two.reviewing(), audit=audit)
        async with two.client(reviewing=reviewing) as api:
            receipt = (await api.get(f"/api/holds/{hold.hold_id}/receipt")).json()["receipt"]
        audit.trail.close()
        decided: list[Record] = records(folder, "decision")
    assert [one["statement"]["who"] for one in receipt["decided"]] == ["ada", "bob"]
    assert [(record.facts["event"], record.facts["who"]) for record in decided] == [
        ("vote", "ada"),
        ("approve", "bob"),
    ]
    stored = [one["signature"] + rfc8785.dumps(one["statement"]).decode() for one in receipt["decided"]]
    assert [record.facts["decision_sha256"] for record in decided] == list(map(decision_hash, stored))
    assert _wrong(receipt, world) == []
    forged = json.loads(json.dumps(receipt))
    forged["decided"][0]["statement"]["who"] = "eve"
    assert "a decision is signed by no console that is known" in _wrong(forged, world)
