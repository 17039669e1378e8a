"""Tests of the routes about what was given up."""

from tests.proxy.cli.test_webhooks import buried
from tests.proxy.console.world import World


async def test_listed_and_told_again(world: World) -> None:
    """Once: after that there is no such thing."""
    one = await buried(world, "it answered 500\u202e")
    async with world.client() as client:
        [dead] = (await client.get("/api/deliveries")).json()["dead"]
        assert (dead["delivery_id"], dead["channel"], dead["tries"]) == (one, "webhook-ops", 1)
        assert dead["why"] == "it answered 500\\u{202e}"
        told = await client.post("/api/deliveries/again", json={"delivery_id": one})
        assert told.json()["delivery"]["hold_id"] == dead["hold_id"]
        assert (await client.get("/api/deliveries")).json()["dead"] == []
        for body in ({"delivery_id": one}, {"delivery_id": None}, {"delivery_id": ["x"]}, {}):
            assert (await client.post("/api/deliveries/again", json=body)).status_code == 404
        assert (await client.post("/api/deliveries/again", json={"other": 1})).status_code == 400
