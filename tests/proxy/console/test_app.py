"""Tests of the console as a whole: every route, its lock, and how it fails."""

import asyncio
import logging
import socket
from dataclasses import replace

import httpx2
import pytest

from tests.proxy.console.world import TOKENS, World, console_of

ID = "01JZZZZZZZZZZZZZZZZZZZZZZZ"
API = [
    ("GET", "/api/holds"),
    ("GET", f"/api/holds/{ID}"),
    ("POST", f"/api/holds/{ID}/approve"),
    ("POST", f"/api/holds/{ID}/reject"),
    ("GET", "/api/kill"),
    ("POST", "/api/kill"),
    ("DELETE", "/api/kill"),
    ("GET", "/api/nothing"),
    ("GET", "/api/"),
    ("PATCH", "/api/holds"),
]
PROBES = ["/healthz", "/readyz", "/metrics"]


@pytest.mark.parametrize(("method", "path"), API)
async def test_every_api_route_wants_a_token(world: World, method: str, path: str) -> None:
    """Nothing under /api tells anything without a token, not even what exists."""
    async with world.client(token=None) as client:
        response = await client.request(method, path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="sidegate"'
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:sidegate:api:unauthenticated"


@pytest.mark.parametrize("path", PROBES)
async def test_probes_need_no_token(world: World, path: str) -> None:
    """Machines that watch the sidecar have no token."""
    async with world.client(token=None) as client:
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [*API, *(("GET", path) for path in PROBES), ("GET", "/"), ("PUT", "/healthz")]
)
async def test_no_answer_is_kept_by_anyone(api: httpx2.AsyncClient, method: str, path: str) -> None:
    """Every answer, refusals included, is for this reader now, and no other origin may read it."""
    response = await api.request(method, path)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/holds/", 404, "not_found"),
        ("GET", "/api/holds/../kill/x", 404, "not_found"),
        ("GET", "/api/holds/%2e%2e%2fkill", 404, "not_found"),
        ("GET", "/api//holds", 404, "not_found"),
        ("GET", "/metrics/", 404, "not_found"),
        ("POST", "/api/holds", 405, "method_not_allowed"),
        ("GET", f"/api/holds/{ID}/approve", 405, "method_not_allowed"),
        ("PUT", "/api/kill", 405, "method_not_allowed"),
        ("POST", "/readyz", 405, "method_not_allowed"),
        ("OPTIONS", "/api/holds", 405, "method_not_allowed"),
    ],
)
async def test_unknown_addresses_and_methods(
    api: httpx2.AsyncClient, method: str, path: str, status: int, word: str
) -> None:
    """What the console does not know it says in one shape."""
    response = await api.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() | {"detail": ""} == {
        "type": f"urn:sidegate:api:{word}",
        "title": {404: "Not Found", 405: "Method Not Allowed"}[status],
        "status": status,
        "detail": "",
    }


async def test_405_names_every_method(api: httpx2.AsyncClient) -> None:
    """A refused method comes with all that are known."""
    response = await api.put("/api/kill")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "DELETE"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/holds", None),
        ("GET", f"/api/holds/{ID}", None),
        ("POST", f"/api/holds/{ID}/approve", {"digest": "0"}),
        ("POST", f"/api/holds/{ID}/reject", {"reason": "no"}),
        ("GET", "/api/kill", None),
        ("POST", "/api/kill", {"reason": "no"}),
        ("DELETE", "/api/kill", None),
    ],
)
async def test_a_store_that_is_away(away: World, method: str, path: str, body: dict[str, str] | None) -> None:
    """Without the store the console says so, and invents nothing."""
    async with away.client() as client:
        response = await client.request(method, path, json=body)
    assert response.status_code == 503
    assert response.json()["type"] == "urn:sidegate:api:store_unavailable"


async def test_an_unexpected_error_tells_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A bug becomes a 500 without internals, and a line in the log."""

    async def broken() -> dict[str, bool]:
        raise LookupError("the secret is 4711")

    async with world.client(reviewing=replace(world.reviewing(), ready=broken)) as client:
        with caplog.at_level(logging.ERROR):
            response = await client.get("/readyz")
    assert response.status_code == 500
    assert response.json()["type"] == "urn:sidegate:api:failed"
    assert response.headers["cache-control"] == "no-store"
    assert "4711" not in response.text
    assert "LookupError" not in response.text
    assert "console.failed method=GET error=LookupError" in caplog.text


async def test_over_a_real_socket(world: World) -> None:
    """The same over a real listener: list, show, approve."""
    hold = await world.hold()
    with console_of(world) as url:
        async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {TOKENS['bob']}"
            listed = (await client.get("/api/holds")).json()["holds"]
            shown = (await client.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
            approved = await client.post(
                f"/api/holds/{hold.hold_id}/approve",
                json={"digest": shown["digest"], "preview": shown["package"]["preview"]},
            )
    assert [line["hold_id"] for line in listed] == [hold.hold_id]
    assert approved.status_code == 200
    assert approved.json()["hold"]["decided_by"] == "bob"


@pytest.mark.parametrize(
    ("name", "head", "statuses"),
    [
        (
            "encoded dots",
            "GET /api/holds/..%2f..%2fkill HTTP/1.1\r\nHost: localhost\r\nAuthorization: T",
            "404",
        ),
        ("raw dots", "GET /api/holds/../kill HTTP/1.1\r\nHost: localhost\r\nAuthorization: T", "404"),
        ("no host", "GET /api/holds HTTP/1.1\r\nAuthorization: T", "400 421"),
        ("no host, 1.0", "GET /api/holds HTTP/1.0\r\nAuthorization: T", "421"),
        (
            "two hosts",
            "GET /api/holds HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nAuthorization: T",
            "400 421",
        ),
        (
            "absolute target",
            "GET http://evil/api/holds HTTP/1.1\r\nHost: localhost\r\nAuthorization: T",
            "404",
        ),
        (
            "two tokens",
            "GET /api/holds HTTP/1.1\r\nHost: localhost\r\nAuthorization: T\r\nAuthorization: T",
            "401",
        ),
        ("not http", "\x00\x01\x02", "400"),
        ("nul in id", "GET /api/holds/%00 HTTP/1.1\r\nHost: localhost\r\nAuthorization: T", "404"),
        ("bad utf-8 in id", "GET /api/holds/%ff HTTP/1.1\r\nHost: localhost\r\nAuthorization: T", "404 400"),
        ("bad percent", "GET /api/holds/%zz HTTP/1.1\r\nHost: localhost\r\nAuthorization: T", "404 400"),
    ],
)
async def test_hostile_bytes_on_the_socket(world: World, name: str, head: str, statuses: str) -> None:
    """Requests that no honest client sends get a refusal, and the console lives."""
    with console_of(world) as url:
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.replace(": T", f": Bearer {TOKENS['ada']}").encode("latin-1") + b"\r\n\r\n")
        answer = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        await writer.wait_closed()
        async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
            assert (await client.get("/healthz")).status_code == 200
    assert answer.split()[1].decode() in statuses.split(), (name, answer)


@pytest.mark.parametrize(
    "fields",
    [
        f"Host: localhost\r\nAuthorization: Bearer {TOKENS['ada']}\r\nContent-Type: application/json",
        f"Host: localhost\r\nAuthorization: Bearer {TOKENS['ada']}",
        "Host: localhost",
        "Host: evil.example",
    ],
    ids=["with a token", "of no type", "without a token", "for another host"],
)
async def test_an_endless_body_ends_the_connection(world: World, fields: str) -> None:
    """A sender who never stops is cut off, whoever it is."""
    with console_of(world) as url:
        sent = await asyncio.to_thread(_send_endlessly, int(url.rpartition(":")[2]), fields)
    assert sent < 64 * 1024 * 1024


def _send_endlessly(port: int, fields: str) -> int:
    """How many bytes of a body the listener lets us send before it cuts us off."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        head = f"POST /api/kill HTTP/1.1\r\n{fields}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        while sent < 256 * 1024 * 1024:
            try:
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
            except ConnectionError:
                break
            sent += 65536
    return sent


async def test_a_large_body_is_told_so(world: World) -> None:
    """An honest client with too large a body reads why it was refused."""
    with console_of(world) as url:
        async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {TOKENS['ada']}"
            response = await client.post("/api/kill", json={"reason": "x" * 100_000})
    assert response.status_code == 413
    assert response.json()["type"] == "urn:sidegate:api:body_too_large"
