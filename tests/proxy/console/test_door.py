"""Tests of who is heard: hosts, origins and tokens."""

from hashlib import sha256

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from proxy.console.door import Door
from tests.proxy.console.world import TOKENS, World


async def never(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Stand for the console behind the door."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})


async def status(headers: list[tuple[bytes, bytes]], server: tuple[str, int] = ("10.0.0.7", 8081)) -> int:
    """What the door answers to a request with these headers that came in at `server`."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    door = Door(never, address=("10.0.0.7", 8081), names=["Console.Example:8443", "plain.example"])
    scope = {"type": "http", "headers": headers, "server": server}
    await door(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.7:8081",
        "localhost",
        "LOCALHOST:9000",
        "127.0.0.1:8081",
        "127.9.9.9",
        "[::1]:8081",
        "console.example:8443",
        "CONSOLE.example:8443",
        "plain.example",
        "plain.example:80",
    ],
)
async def test_own_hosts(host: str) -> None:
    """Loopback under any port, the address, and what the operator configured are served."""
    assert await status([(b"host", host.encode())]) == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8081",
        "console.example",
        "console.example:8081",
        "localhost.evil.example",
        "evil.localhost",
        "localhost.",
        "127.0.0.1.evil.example",
        "127.0.0.1.:8081",
        "127.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "0.0.0.0:8081",
        "10.0.0.7:8082",
        "10.0.0.8:8081",
        "[::ffff:127.0.0.1]",
        "[::1%25lo]",
        "::1",
        "localhost:0",
        "localhost:99999",
        "localhost:8081@evil.example",
        "user@localhost",
        "localhost/evil",
        "localhost, evil.example",
        "loc\xe2lhost",
        "xn--lclhost-9wa",
    ],
)
async def test_foreign_hosts(host: str) -> None:
    """A name that someone pointed at this address is refused before anything else is read."""
    assert await status([(b"host", host.encode("latin-1"))]) == 421


async def test_an_address_that_was_connected_to() -> None:
    """A listener on every interface is served under the address that the caller connected to."""
    assert await status([(b"host", b"192.0.2.9:8081")], ("192.0.2.9", 8081)) == 200
    assert await status([(b"host", b"[2001:db8::9]:8081")], ("2001:db8::9", 8081)) == 200
    assert await status([(b"host", b"192.0.2.8:8081")], ("192.0.2.9", 8081)) == 421
    assert await status([(b"host", b"testserver:8081")], ("testserver", 8081)) == 421


async def test_exactly_one_host() -> None:
    """No host, or two, is no host that can be checked."""
    assert await status([]) == 421
    assert await status([(b"host", b"localhost"), (b"host", b"localhost")]) == 421


@pytest.mark.parametrize(
    "origin", ["http://localhost:8081", "https://localhost:8081", "HTTP://LOCALHOST:8081"]
)
async def test_own_origin(origin: str) -> None:
    """A page of this console itself may ask, also behind a proxy that ends TLS."""
    assert await status([(b"host", b"localhost:8081"), (b"origin", origin.encode())]) == 200


@pytest.mark.parametrize(
    "origins",
    [
        ["null"],
        [""],
        ["http://localhost"],
        ["http://localhost:3000"],
        ["http://127.0.0.1:8081"],
        ["https://evil.example"],
        ["http://localhost:8081.evil.example"],
        ["file://localhost:8081"],
        ["http://localhost:8081", "https://evil.example"],
        ["http://localhost:8081, https://evil.example"],
    ],
)
async def test_foreign_origins(origins: list[str]) -> None:
    """A page of any other origin is refused, a neighbour on this machine too."""
    fields = [(b"origin", origin.encode()) for origin in origins]
    assert await status([(b"host", b"localhost:8081"), *fields]) == 403


async def test_refusals_in_one_shape(api: httpx2.AsyncClient) -> None:
    """The door speaks the same language as everything behind it."""
    rebound = await api.get("/api/holds", headers={"Host": "evil.example"})
    foreign = await api.post("/api/kill", headers={"Origin": "https://evil.example"})
    for response, word in ((rebound, "host_unknown"), (foreign, "origin_foreign")):
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["cache-control"] == "no-store"
        assert response.json()["type"] == f"urn:sidegate:api:{word}"
    assert (await api.get("/api/kill")).json()["killed"] is False


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_the_door_is_before_the_probes(api: httpx2.AsyncClient, path: str) -> None:
    """What needs no token still is not for other origins and names."""
    assert (await api.get(path, headers={"Host": "evil.example"})).status_code == 421
    assert (await api.get(path, headers={"Origin": "null"})).status_code == 403


@pytest.mark.parametrize(
    "value", [f"Bearer {TOKENS['ada']}", f"bearer {TOKENS['bob']}", f"BEARER   {TOKENS['bob']}"]
)
async def test_good_tokens(world: World, value: str) -> None:
    """Every reviewer's token opens, and the scheme's name has no case."""
    async with world.client(token=None) as client:
        assert (await client.get("/api/kill", headers={"Authorization": value})).status_code == 200


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        ["Bearer ada"],
        [TOKENS["ada"]],
        [f"Basic {TOKENS['ada']}"],
        [f"Bearer {TOKENS['ada']}x"],
        [f"Bearer {TOKENS['ada'][:-1]}"],
        [f"Bearer {TOKENS['ada'].upper()}"],
        [f"Bearer {TOKENS['ada']} {TOKENS['bob']}"],
        [f"Bearer {TOKENS['ada']},Bearer {TOKENS['bob']}"],
        [f"Bearer\t{TOKENS['ada']}"],
        [f"Bearer {TOKENS['ada']}\x7f"],
        ["Bearer " + "a" * 100_000],
        ["Bearer \xff\xfe"],
        [f"Bearer {TOKENS['ada']}"] * 2,
    ],
)
async def test_bad_tokens(world: World, values: list[str]) -> None:
    """Everything else is nobody."""
    async with world.client(token=None) as client:
        fields = [("Authorization", value.encode("latin-1")) for value in values]
        headers = httpx2.Headers([(name.encode(), value) for name, value in fields])
        response = await client.get("/api/kill", headers=headers)
    assert response.status_code == 401
    assert TOKENS["ada"] not in response.text


async def test_a_stored_digest_is_no_token(world: World) -> None:
    """Who reads the configuration cannot sign in with what it holds."""
    digest = sha256(TOKENS["ada"].encode()).hexdigest()
    async with world.client(token=digest) as client:
        assert (await client.get("/api/kill")).status_code == 401
