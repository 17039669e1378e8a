"""Changing held calls over the API."""

import httpx2
import pytest

from rules.hold import State
from tests.proxy.console.pages.browser import READ
from tests.proxy.console.world import World

LESS = {"amount": 1, "to": "Zo\u00eb"}


async def test_a_change(world: World, api: httpx2.AsyncClient) -> None:
    """It is seen, made, and shown with what was changed and by whom."""
    hold = await world.hold(READ)
    path, said = f"/api/holds/{hold.hold_id}", {"digest": hold.digest, "body": LESS}
    seen = (await api.post(f"{path}/edit/preview", json=said)).json()["edit"]
    made = (await api.post(f"{path}/edit", json=said)).json()["hold"]
    assert made["digest"] == seen["digest"]
    whole = (await api.get(f"/api/holds/{made['hold_id']}")).json()["hold"]
    assert (whole["edited_by"], whole["edited"]) == ("ada", seen["changes"])
    assert whole["action"]["body_text"] == '{"amount":1,"to":"Zo\\u00eb"}'
    old = (await api.get(path)).json()["hold"]
    assert (old["state"], old["superseded_by"]) == ("superseded", made["hold_id"])
    assert old["standing"].endswith(f"`{made['hold_id']}` goes on in its place")


@pytest.mark.parametrize("verb", ["edit", "edit/preview"])
@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"body": LESS}, 400),
        ({"digest": READ.digest}, 400),
        ({"digest": "0" * 64, "body": LESS}, 409),
        ({"digest": READ.digest, "body": LESS, "tier": 2}, 400),
        ({"digest": READ.digest, "body": None}, 409),
    ],
    ids=["no digest", "no body", "another digest", "a tier", "null"],
)
async def test_what_is_no_change(
    world: World, api: httpx2.AsyncClient, verb: str, members: dict[str, object], status: int
) -> None:
    """It is refused in words; nothing names a tier."""
    hold = await world.hold(READ)
    answer = await api.post(f"/api/holds/{hold.hold_id}/{verb}", json=members)
    assert answer.status_code == status
    assert await world.state(hold) is State.PENDING
