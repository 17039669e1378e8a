"""Tests of everything that would run, page by page."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from proxy.console.reading.contents import PAGE_BYTES
from tests.proxy.console.world import ACTION, World

BODIES = {
    "short": b'{"amount": 5}',
    "a page": b"x" * PAGE_BYTES,
    "a page and a byte": b"x" * (PAGE_BYTES + 1),
    "wide letters": ("日本語" * 50_000).encode(),
    "wide letters, one off": ("a" + "👍" * 40_000).encode(),
    "no text": bytes(range(256)) * 1000,
    "continuations alone": b"\x80" * 200_000,
    "300 KB that hides": ("\u202e\x00\U000e0041" * 40_000).encode(),
}


async def pages(api: httpx2.AsyncClient, hold_id: str, part: str) -> list[dict[str, Any]]:
    """All pages of a part."""
    found: list[dict[str, Any]] = []
    offset: int | None = 0
    while offset is not None:
        answer = await api.get(f"/api/holds/{hold_id}/content", params={"part": part, "offset": offset})
        assert answer.status_code == 200, answer.text
        assert answer.text.isascii()
        found.append(answer.json()["content"])
        offset = found[-1]["next"]
    return found


@pytest.mark.parametrize("case", BODIES)
async def test_every_byte_can_be_read(world: World, api: httpx2.AsyncClient, case: str) -> None:
    """In order, without a gap; the hash comes with the end alone."""
    body = BODIES[case]
    hold = await world.hold(replace(ACTION, body=body))
    found = await pages(api, hold.hold_id, "body")
    assert b"".join(base64.b64decode(page["b64"]) for page in found) == body
    assert [page["sha256"] for page in found] == [None] * (len(found) - 1) + [
        hashlib.sha256(body).hexdigest()
    ]
    assert all(page["size"] == len(body) for page in found)
    shown = "".join(page["text"] for page in found)
    assert not any(char in shown for char in "\u202e\x00\U000e0041\x1b")


async def test_no_letter_is_torn(world: World, api: httpx2.AsyncClient) -> None:
    """A page ends before a letter that does not fit on it."""
    hold = await world.hold(replace(ACTION, body=BODIES["wide letters, one off"]))
    found = await pages(api, hold.hold_id, "body")
    assert "".join(page["text"] for page in found) == "a" + "👍" * 40_000


async def test_the_other_parts(world: World, api: httpx2.AsyncClient) -> None:
    """Target and headers as they will be sent."""
    hold = await world.hold()
    for part, content in {
        "target": b"/transfers?dry=no",
        "headers": b"Content-Type: application/json\nX-Note: caf\xe9\n",
    }.items():
        (page,) = await pages(api, hold.hold_id, part)
        assert base64.b64decode(page["b64"]) == content


@pytest.mark.parametrize(
    "query",
    [
        "",
        "part=nothing",
        "part=body&offset=-1",
        "part=body&offset=999",
        "part=body&x=1",
        "part=body&part=body",
        "part=body&offset=%D9%A1",
        "offset=0",
        f"part={'x' * 5000}",
        "part=body&offset=99999999999999",
    ],
)
async def test_bad_queries(world: World, api: httpx2.AsyncClient, query: str) -> None:
    """Each is told what there is."""
    hold = await world.hold()
    answer = await api.get(f"/api/holds/{hold.hold_id}/content?{query}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:sidegate:api:query_invalid"
    assert len(answer.text) < 1000


async def test_what_was_changed(world: World, api: httpx2.AsyncClient) -> None:
    """Nothing of it is shown."""
    hold = await world.hold()
    await world.spoil(hold, "sealed", b"x" * 300)
    answer = await api.get(f"/api/holds/{hold.hold_id}/content?part=body")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:sidegate:api:integrity"
