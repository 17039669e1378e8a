"""Tests of one hold whole, and of what was changed behind our back."""

import base64
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from proxy.drift.shots import Shots
from rules.drift.read import Read, Subject
from rules.drift.reference import Place
from rules.drift.shot import Shot
from rules.reply import Reply
from tests.proxy.console.world import ACTION, World


async def test_one_whole(world: World, api: httpx2.AsyncClient) -> None:
    """A reviewer sees every byte that would run, who asked, and what the gate thought of it."""
    hold = await world.hold()
    response = await api.get(f"/api/holds/{hold.hold_id}")
    members = response.json()
    assert members["hold"].pop("package")["digest"] == ACTION.digest
    assert members == {
        "now": world.clock.moment.isoformat(),
        "hold": {
            "hold_id": hold.hold_id,
            "state": "pending",
            "standing": f"waits for a decision until {hold.decide_by.isoformat(timespec='seconds')}",
            "disposition": None,
            "tier": 4,
            "rule": "pay",
            "reason_id": "rule",
            "reason": "moves money",
            "policy": "f" * 64,
            "digest": ACTION.digest,
            "idempotency_key": hold.idempotency_key,
            "attempts": 1,
            "created_at": hold.created_at.isoformat(),
            "decide_by": (hold.created_at + timedelta(minutes=30)).isoformat(),
            "run_by": None,
            "grace_until": None,
            "generation": 1,
            "supersedes": None,
            "superseded_by": None,
            "edited_by": None,
            "asked": False,
            "rung": 0,
            "escalated_to": None,
            "watched_by": None,
            "watched_until": None,
            "decided_by": None,
            "approved_by": [],
            "decision_reason": None,
            "responded": False,
            "note": None,
            "sends": 0,
            "resend_by": None,
            "resolved_as": None,
            "resolved_by": None,
            "resolution_reason": None,
            "credential": "bank 1",
            "credential_used": None,
            "collected": False,
            "drill": None,
            "integrity": "ok",
            "integrity_reason": None,
            "quorum": {
                "people": 1,
                "groups": [],
                "votes": [],
                "missing_people": 1,
                "missing_groups": [],
                "missing": "one more person has to approve it",
            },
            "action": {
                "method": "POST",
                "url": "https://bank.example/transfers?dry=no",
                "headers": [["Content-Type", "application/json"], ["X-Note", "café"]],
                "credentials": ["authorization"],
                "principal": {"human": "eve", "service": "", "agent": "agent-7", "session": "s1"},
                "body_size": len(ACTION.body),
                "body_text": '{"amount": 12.50, "to": "Zoë"}',
                "body_b64": base64.b64encode(ACTION.body).decode(),
            },
            "summary": None,
            "answer": None,
            "snapshot": None,
            "drift": [],
            "labels": [],
            "talk": [],
            "edited": None,
        },
    }
    assert response.text.isascii()


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"", ""), (b"\xff\xfe", None), (b"\x00\x1b[2J", "\x00\x1b[2J"), ("\u202eabc".encode(), "\u202eabc")],
)
async def test_bodies_of_every_kind(
    world: World, api: httpx2.AsyncClient, body: bytes, text: str | None
) -> None:
    """Text is text only where it is UTF-8; the exact bytes are always there; nothing is raw."""
    hold = await world.hold(replace(ACTION, body=body))
    response = await api.get(f"/api/holds/{hold.hold_id}")
    action = response.json()["hold"]["action"]
    assert action["body_text"] == text
    assert base64.b64decode(action["body_b64"]) == body
    assert action["body_size"] == len(body)
    assert all(" " <= char <= "~" for char in response.text)


async def test_the_answer_in_short(world: World, api: httpx2.AsyncClient) -> None:
    """Of what the upstream answered, status and size are told."""
    hold = await world.settled(Reply(status=201, phrase="Created", body=b'{"id": 7}'))
    shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    assert shown["answer"] == {"status": 201, "phrase": "Created", "body_size": 9}
    assert (shown["state"], shown["disposition"]) == ("executed", "approved-executed")
    assert shown["decided_by"] == "ada"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sealed", b""),
        ("sealed", b"short"),
        ("sealed", b"x" * 400),
        ("digest", b"0" * 64),
        ("tier", b"3"),
        ("rule", b"other"),
        ("reason", b"harmless"),
        ("idempotency_key", b"mine"),
    ],
)
async def test_a_hold_that_was_changed(
    world: World, api: httpx2.AsyncClient, field: str, value: bytes
) -> None:
    """Whoever can write to the store can spoil a hold, and that is all: it is shown as spoilt."""
    hold = await world.hold()
    await world.spoil(hold, field, value)
    response = await api.get(f"/api/holds/{hold.hold_id}")
    shown = response.json()["hold"]
    assert response.status_code == 200
    assert shown["integrity"] == "failed"
    assert shown["integrity_reason"]
    assert shown["action"] is None
    assert "bank.example" not in response.text
    assert world.metrics.registry.get_sample_value("sidegate_integrity_failures_total") == 1
    line = (await api.get("/api/holds")).json()["holds"][0]
    assert (line["integrity"], line["method"], line["url"]) == ("failed", None, None)


async def test_contents_of_another_hold(world: World, api: httpx2.AsyncClient) -> None:
    """Sealed contents fit their own hold only."""
    harmless, harmful = await world.hold(replace(ACTION, body=b'{"amount": 1}')), await world.hold()
    swapped = await world.store.sealed(harmless.hold_id, part="sealed")
    assert swapped is not None
    await world.spoil(harmful, "sealed", swapped)
    assert (await api.get(f"/api/holds/{harmful.hold_id}")).json()["hold"]["integrity"] == "failed"
    assert (await api.get(f"/api/holds/{harmless.hold_id}")).json()["hold"]["integrity"] == "ok"


async def test_an_answer_that_was_changed(world: World, api: httpx2.AsyncClient) -> None:
    """A spoilt answer is told apart from a spoilt action."""
    hold = await world.settled(Reply(status=200, body=b"ok"))
    await world.spoil(hold, "answer", b"x" * 60)
    shown = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    assert shown["integrity"] == "ok"
    assert shown["answer"]["integrity"] == "failed"
    assert world.metrics.registry.get_sample_value("sidegate_integrity_failures_total") == 1


async def test_what_it_would_change(world: World, api: httpx2.AsyncClient) -> None:
    """The state before it, as soon as that is recorded; a record that was altered is told."""
    place = Place(scheme="https", host="bank.example", port=443, target=ACTION.target)
    read = Read(subject=Subject.RESOURCE, place=place)
    hold = await world.hold(ACTION, probed=True)

    async def snapshot() -> dict[str, object]:
        shown: dict[str, object] = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]["snapshot"]
        return shown

    assert await snapshot() == {"recorded": False, "reads": []}
    await Shots(world.store, world.sealed).keep(hold, [Shot(read=read, shown="it took too long")])
    recorded = await snapshot()
    assert recorded["recorded"] is True
    assert isinstance(recorded["reads"], list)
    assert [one["unread"] for one in recorded["reads"]] == ["it took too long"]
    await world.spoil(hold, "snapshot", b"x" * 60)
    assert (await snapshot())["integrity"] == "failed"
