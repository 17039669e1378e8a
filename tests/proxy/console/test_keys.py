"""The routes about keys: for the operator, bounded, and nothing secret in them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.keys.source import InFiles
from tests.proxy.console.world import TOKENS, World


@pytest.fixture
async def world(redis_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Give a domain whose key is in a file."""
    [key] = InFiles(folder=tmp_path).read()
    made = World.build(redis_url, key=key, folder=tmp_path)
    yield made
    await made.redis.aclose()


async def test_a_rotation(world: World) -> None:
    """Shown, prepared, rotated, rewrapped; no answer shows a key."""
    await world.hold()
    async with world.client(token=TOKENS["operator"]) as api:
        before = (await api.get("/api/keys")).json()
        assert before == {"keys": world.sealed.keyring.ids, "console": world.signer.public.hex()}
        prepared = (await api.post("/api/keys/prepare")).json()
        assert prepared["keys"][0] == before["keys"][0]
        rotated = (await api.post("/api/keys/rotate")).json()
        assert rotated["keys"] == prepared["keys"][::-1]
        done = await api.post("/api/keys/rewrap", json={"cursor": 0})
        assert done.json() == {"cursor": 0, "looked": 1, "rewrapped": 1, "waiting": 0, "unopened": 0}
        for key in InFiles(folder=world.folder).read():
            assert key.hex() not in done.text + str(rotated)


@pytest.mark.parametrize("verb", ["GET ", "POST /prepare", "POST /rotate", "POST /rewrap"])
async def test_for_admins_alone(world: World, verb: str) -> None:
    """A lead's token does not do."""
    method, _, path = verb.partition(" ")
    async with world.client() as api:
        answer = await api.request(method, f"/api/keys{path}")
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:sidegate:api:role"


@pytest.mark.parametrize("cursor", [None, -1, 1.0, "0", True, []])
async def test_a_cursor_that_is_none(world: World, cursor: object) -> None:
    """Only a number that an answer gave."""
    async with world.client(token=TOKENS["operator"]) as api:
        answer = await api.post("/api/keys/rewrap", json={"cursor": cursor})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:sidegate:api:cursor_invalid")


async def test_a_key_file_that_was_spoilt(world: World) -> None:
    """It is said, and the key of before goes on."""
    await world.hold()
    (world.folder / "seal.next.key").write_bytes(b"short")
    (world.folder / "seal.next.key").chmod(0o600)
    async with world.client(token=TOKENS["operator"]) as api:
        answer = await api.post("/api/keys/prepare")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:sidegate:api:keys")
        assert "has 5 bytes instead of 32" in answer.json()["detail"]
        assert len((await api.get("/api/keys")).json()["keys"]) == 1
