"""Speaking about holds over the API."""

import httpx2
import pytest

from tests.proxy.console.world import World


async def test_what_was_said_is_shown(world: World, api: httpx2.AsyncClient) -> None:
    """Who said what to whom, in order, to people."""
    hold = await world.hold()
    path = f"/api/holds/{hold.hold_id}"
    words = {"ask": {"question": "why?\nnow?"}, "comment": {"text": "<b>hm</b>"}, "claim": {}}
    for verb, members in words.items():
        answer = await api.post(f"{path}/{verb}", json=members)
        assert answer.status_code == 200
    shown = answer.json()["hold"]
    assert (shown["asked"], shown["watched_by"]) == (True, "ada")
    whole = (await api.get(path)).json()["hold"]
    assert [(one["kind"], one["who"], one["text"]) for one in whole["talk"]] == [
        ("question", "ada", "why?\nnow?"),
        ("comment", "ada", "<b>hm</b>"),
    ]
    assert (await api.post(f"{path}/unclaim", json={})).status_code == 200


@pytest.mark.parametrize(
    ("verb", "members"),
    [
        ("ask", {}),
        ("ask", {"question": ""}),
        ("ask", {"question": "x" * 4001}),
        ("ask", {"question": "a\x1b[2J"}),
        ("ask", {"question": ["why"]}),
        ("ask", {"text": "why"}),
        ("comment", {"text": "\u202egnp"}),
        ("comment", {"question": "why"}),
        ("claim", {"who": "bob"}),
        ("unclaim", {"until": 1}),
    ],
    ids=str,
)
async def test_what_cannot_be_said(
    world: World, api: httpx2.AsyncClient, verb: str, members: dict[str, object]
) -> None:
    """It is refused in words, and nothing is kept."""
    hold = await world.hold()
    answer = await api.post(f"/api/holds/{hold.hold_id}/{verb}", json=members)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    found = await world.store.find(hold.hold_id)
    assert found == hold


@pytest.mark.parametrize("verb", ["ask", "comment", "claim", "unclaim"])
async def test_a_hold_that_is_not_there(api: httpx2.AsyncClient, verb: str) -> None:
    """404, whatever is said about it."""
    members = {"ask": {"question": "why"}, "comment": {"text": "hm"}}.get(verb, {})
    answer = await api.post(f"/api/holds/01JZZZZZZZZZZZZZZZZZZZZZZZ/{verb}", json=members)
    assert answer.status_code == 404
