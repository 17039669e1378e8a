"""Tests of reading bodies: bounded, strict, and nothing that nobody would read."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from proxy.console import body
from proxy.console.body import MAX_BODY_BYTES
from tests.proxy.console.world import World

JSON = {"Content-Type": "application/json"}
NESTED = b"[" * 100_000


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=UTF-8",
        'application/json;charset="utf-8"',
    ],
)
async def test_types_that_are_read(api: httpx2.AsyncClient, content_type: str) -> None:
    """Plain JSON, however it is spelled."""
    response = await api.post("/api/kill", content=b'{"reason": "x"}', headers={"Content-Type": content_type})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json; charset=utf-8; x=y"},
        {"Content-Type": "text/plain; application/json"},
        {**JSON, "Content-Encoding": "gzip"},
    ],
)
async def test_types_that_are_not(api: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    """What a page can send without asking, and what has to be decoded, is not read at all."""
    response = await api.post("/api/kill", content=b'{"reason": "x"}', headers=headers)
    assert response.status_code == 415
    assert response.json()["type"] == "urn:sidegate:api:body_type"
    assert (await api.get("/api/kill")).json()["killed"] is False


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "body_invalid"),
        (b"null", "body_invalid"),
        (b'"reason"', "body_invalid"),
        (b'["reason"]', "body_invalid"),
        (b'{"reason": "x"', "body_invalid"),
        (b'{"reason": "x"} {}', "body_invalid"),
        (b'{"reason": "x", "reason": "y"}', "body_invalid"),
        (b'{"reason": "x", "Reason": "y"}', "body_invalid"),
        (b'\xef\xbb\xbf{"reason": "x"}', "body_invalid"),
        (b'{"reason": "\xff"}', "body_invalid"),
        (b'{"reason": "\\ud800"}', "body_invalid"),
        (b'{"reason": NaN}', "body_invalid"),
        (b'{"reason": 1e999}', "body_invalid"),
        (b'{"reason": ' + NESTED[:50_000] + b"}", "body_invalid"),
        ('{"reason": "x"}'.encode("utf-16"), "body_invalid"),
        (b'{"reason": "x", "quorum": 0}', "member_unknown"),
        (b'{"reason": "x", "": 0}', "member_unknown"),
    ],
)
async def test_bad_bodies(api: httpx2.AsyncClient, content: bytes, word: str) -> None:
    """Whatever two readers could read differently is refused, and nothing is done."""
    response = await api.post("/api/kill", content=content, headers=JSON)
    assert response.status_code == 400
    assert response.json()["type"] == f"urn:sidegate:api:{word}"
    assert (await api.get("/api/kill")).json()["killed"] is False


async def test_unknown_members_are_named(api: httpx2.AsyncClient) -> None:
    """The refusal names what is too much, within bounds, and what is read."""
    unknown = {f"m{number:03}{'x' * 100}": 0 for number in range(200)}
    detail = (await api.post("/api/kill", json={"reason": "x", **unknown})).json()["detail"]
    assert f"`m000{'x' * 60}`" in detail
    assert "and 195 more: only `reason` is read here" in detail
    assert len(detail) < 1000


async def test_the_bound(api: httpx2.AsyncClient) -> None:
    """A body of exactly the limit is read; a byte more is not."""
    filled = b'{"reason": "x"}'.ljust(MAX_BODY_BYTES)
    assert (await api.post("/api/kill", content=filled, headers=JSON)).status_code == 200
    response = await api.post("/api/kill", content=filled + b" ", headers=JSON)
    assert response.status_code == 413
    assert response.json()["type"] == "urn:sidegate:api:body_too_large"


async def test_a_body_of_unsaid_length(api: httpx2.AsyncClient) -> None:
    """The bound holds without a Content-Length, and reading stops soon after."""
    parts = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal parts
        while parts < 1000:
            parts += 1
            yield b" " * 1024

    response = await api.post("/api/kill", content=pieces(), headers=JSON)
    assert response.status_code == 413
    assert parts < 140


async def test_a_body_that_does_not_come(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says that a body comes has to send it in time."""
    monkeypatch.setattr(body, "_SECONDS", 0.05)
    stuck = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        await stuck.wait()

    async with world.client() as client:
        response = await client.post("/api/kill", content=pieces(), headers=JSON)
    assert response.status_code == 408
    assert response.json()["type"] == "urn:sidegate:api:body_incomplete"
