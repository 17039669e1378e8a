"""Tests of the addresses of channels."""

from proxy.channels.routes import routes
from tests.proxy.console.world import World


async def test_what_is_not_configured_is_not_there(world: World) -> None:
    """Each answers 404, and none needs a token to say so."""
    assert {route.path for route in routes(world.reviewing())} == {
        "/channels/slack/interactions",
        "/channels/mail/{hold_id}/{seal}",
    }
    async with world.client(token=None) as client:
        assert (await client.post("/channels/slack/interactions", content=b"")).status_code == 404
        assert (await client.get("/channels/mail/01X/x")).status_code == 404
        assert (await client.post("/channels/mail/01X/x", data={"decision": "approve"})).status_code == 404
