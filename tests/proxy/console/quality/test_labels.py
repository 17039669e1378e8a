"""Labelling over the API."""

import httpx2
import pytest

from tests.proxy.console.world import World


async def test_what_people_say_is_told(world: World, api: httpx2.AsyncClient) -> None:
    """By the answer, and by the hold."""
    hold = await world.hold()
    path = f"/api/holds/{hold.hold_id}"
    told = (await api.post(f"{path}/label", json={"label": "unnecessary"})).json()
    assert told["labels"] == [{"who": "ada", "label": "unnecessary"}]
    assert told["hold"]["state"] == "pending"
    assert (await api.get(path)).json()["hold"]["labels"] == told["labels"]


@pytest.mark.parametrize(
    "body", [{}, {"label": "no"}, {"label": ["necessary"]}, {"label": "necessary", "who": "bob"}], ids=str
)
async def test_what_is_no_label(world: World, api: httpx2.AsyncClient, body: dict[str, object]) -> None:
    """400, and nothing is kept."""
    hold = await world.hold()
    assert (await api.post(f"/api/holds/{hold.hold_id}/label", json=body)).status_code == 400
    assert (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]["labels"] == []
