"""Grants over the API."""

from typing import Any

import httpx2
import pytest

from rules.hold import Hold, State
from tests.proxy.granted import Office


async def ask(desk: Office, method: str, path: str, **body: Any) -> httpx2.Response:
    """What the API answers to the lead."""
    async with desk.world.client(reviewing=desk.reviewing) as client:
        return await client.request(method, f"/api/{path}", json=body or None)


async def terms(desk: Office, hold: Hold, **more: Any) -> dict[str, Any]:
    """What a grant by `hold` has to name."""
    shown = (await ask(desk, "GET", f"holds/{hold.hold_id}")).json()["hold"]
    return {"digest": hold.digest, "preview": shown["package"]["preview"], "reason": "a campaign", **more}


async def test_from_giving_one_to_taking_it_back(desk: Office) -> None:
    """A day in the life of a grant."""
    hold = await desk.hold()
    asked = await terms(desk, hold, minutes=5, count=2)
    given = (await ask(desk, "POST", f"holds/{hold.hold_id}/grant", **asked)).json()["grant"]
    assert (given["standing"], given["left"], given["who"], given["rule"]) == ("counts", 2, "ada", "note")
    assert given["shape"] == "POST localhost/notes/*"
    used = await desk.came()
    assert used.state is State.APPROVED
    [listed] = (await ask(desk, "GET", "grants")).json()["grants"]
    assert (listed["uses"], listed["left"]) == ([used.hold_id], 1)
    taken = (await ask(desk, "DELETE", f"grants/{given['grant_id']}")).json()["grant"]
    assert (taken["standing"], taken["revoked_by"]) == ("taken back", "ada")
    assert (await desk.came()).state is State.PENDING


async def test_what_is_left_out_is_as_usual(desk: Office) -> None:
    """An hour, ten calls."""
    hold = await desk.hold()
    asked = await terms(desk, hold)
    given = (await ask(desk, "POST", f"holds/{hold.hold_id}/grant", **asked)).json()["grant"]
    assert (given["count"], given["until"] > given["at"]) == (10, True)
    assert (await desk.came()).decided_by == "ada"


async def test_a_check_gives_nothing(desk: Office) -> None:
    """It says what giving one would, yes or no."""
    hold = await desk.hold()
    path, asked = f"holds/{hold.hold_id}/grant", await terms(desk, hold, check=True)
    checked = await ask(desk, "POST", path, **asked)
    assert (checked.status_code, checked.json()["grant"]) == (200, None)
    assert (await ask(desk, "GET", "grants")).json()["grants"] == []
    refused = await ask(desk, "POST", path, **asked | {"minutes": 1440})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:sidegate:api:ungrantable")
    assert (await ask(desk, "POST", path, **asked | {"check": False})).json()["grant"]["standing"] == "counts"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no call": ({"count": 0}, "grant_invalid"),
    "too many": ({"count": 101}, "grant_invalid"),
    "no number": ({"count": "ten"}, "grant_invalid"),
    "a flag": ({"count": True}, "grant_invalid"),
    "part of one": ({"minutes": 1.5}, "grant_invalid"),
    "no flag": ({"check": 1}, "grant_invalid"),
    "over a day": ({"minutes": 1441}, "grant_invalid"),
    "no reason": ({"reason": " "}, "reason_invalid"),
    "no preview": ({"preview": None}, "preview_missing"),
    "no digest": ({"digest": None}, "digest_missing"),
    "something else": ({"tier": 4}, "member_unknown"),
}


@pytest.mark.parametrize(("more", "why"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong(desk: Office, more: dict[str, Any], why: str) -> None:
    """Each with its word; nothing is given."""
    hold = await desk.hold()
    answer = await ask(desk, "POST", f"holds/{hold.hold_id}/grant", **await terms(desk, hold, **more))
    assert (answer.status_code, answer.json()["type"]) == (400, f"urn:sidegate:api:{why}")
    assert (await ask(desk, "GET", "grants")).json()["grants"] == []
