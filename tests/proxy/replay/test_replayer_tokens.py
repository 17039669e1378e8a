"""Tokens that cannot be had when an approved call is to run: nothing is sent, and it is said why."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from proxy.credentials.sources.grants import Client, RefreshToken
from proxy.credentials.sources.renewed import Renewed
from proxy.credentials.sources.stated import FromFile
from proxy.store.deadlines import Deadlines
from rules.hold import State
from tests.acceptance.authority import Authority
from tests.proxy.credentials.issuer import CLIENT
from tests.proxy.credentials.renewing import Shelves, granted, shelving
from tests.proxy.credentials.trust import endpoint
from tests.proxy.drafts import clocks
from tests.proxy.redis_child import eventually
from tests.proxy.replay.test_replayer_credentials import bank, strict
from tests.proxy.replays import action_to, canned, replaying

GOOD = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 1800}
CREDENTIAL = "not sent: the credential `bank` cannot be renewed: "


def said(content: Any, *, status: str = "200 OK", fields: str = "") -> bytes:
    """A token endpoint's answer."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body


FAULTS: dict[str, tuple[bytes, str]] = {
    "revoked": (said({"error": "invalid_grant"}, status="400 No"), "sign in anew and replace it"),
    "another client": (said({"error": "invalid_client"}, status="401 No"), "the client's id and secret"),
    "no scope": (said({"error": "invalid_scope"}, status="400 No"), "correct the scope"),
    "a code of its own": (
        said({"error": "hunter2 <b>"}, status="400 No"),
        "the endpoint refuses with `status 400`: correct what the configuration says of it",
    ),
    "its own failure": (said({}, status="503 No"), "a failure of its own (status 503)"),
    "too many": (said({}, status="429 No"), "a failure of its own (status 429)"),
    "a redirect": (said({}, status="302 X", fields="Location: http://127.0.0.1:1/\r\n"), "it redirects"),
    "garbage": (said(b"<html>hunter2</html>"), "with what is no JSON"),
    "a list": (said([GOOD]), "no JSON object"),
    "nothing": (b"", "the connection failed or broke"),
    "no token": (said({"token_type": "Bearer"}), "no `access_token` that a header can carry"),
    "a token with a line end": (
        said(GOOD | {"access_token": "hunter2\r\nX-Evil: 1"}),
        "no `access_token` that a header can carry",
    ),
    "a token that has expired": (said(GOOD | {"expires_in": 0}), "has expired already"),
    "a token until never": (said(GOOD | {"expires_in": "soon"}), "no number of seconds"),
    "a token of another kind": (said(GOOD | {"token_type": "DPoP"}), "no bearer tokens"),
    "a next one of no use": (said(GOOD | {"refresh_token": "a b"}), "no `refresh_token`"),
}


def renewing(shelves: Shelves, port: int, first: FromFile, *, timeout: float = 30.0) -> Renewed:
    """A credential whose tokens the endpoint on `port` gives."""
    client = Client(
        url=f"http://127.0.0.1:{port}/token",
        identity=CLIENT[0],
        secret=FromFile(first.path.with_name("client")),
    )
    return shelves.renewed(RefreshToken(endpoint=endpoint(timeout=timeout), client=client, first=first))


@pytest.mark.parametrize("case", FAULTS)
async def test_faults(redis_url: str, authority: Authority, tmp_path: Path, case: str) -> None:
    """Asked once; the upstream hears nothing, and the hold waits with its reason while its approval lasts."""
    answer, words = FAULTS[case]
    async with (
        shelving(redis_url) as shelves,
        canned(None, answer) as issuer,
        strict(authority, "token-1") as upstream,
    ):
        credentials = bank(renewing(shelves, issuer.port, granted(tmp_path)))
        async with replaying(redis_url, authority, credentials=credentials) as replays:
            hold = await replays.ran(action_to(upstream.port))
        assert hold.state is State.APPROVED
        assert hold.note.startswith(CREDENTIAL)
        assert words in hold.note
        assert "hunter2" not in hold.note
        assert (upstream.heads, len(issuer.requests), hold.sends) == ([], 1, ())


@asynccontextmanager
async def hanging() -> AsyncIterator[int]:
    """An endpoint that takes the request and says nothing; its port."""
    done = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        done.set()
        server.close()


async def test_an_endpoint_that_hangs(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """It is not waited for longer than for any other; the claim lives on meanwhile."""
    async with shelving(redis_url) as shelves, hanging() as port, strict(authority) as upstream:
        credentials = bank(renewing(shelves, port, granted(tmp_path), timeout=4.0))
        async with replaying(redis_url, authority, credentials=credentials) as replays:
            hold = await replays.ran(action_to(upstream.port))
        assert (hold.state, upstream.heads) == (State.APPROVED, [])
        assert hold.note == f"{CREDENTIAL}`http://127.0.0.1:{port}/token` did not answer within 4 s"


async def test_an_approval_that_lapses_meanwhile(
    redis_url: str, authority: Authority, tmp_path: Path
) -> None:
    """A clear end: expired, with the last reason."""
    soon = clocks(validity=timedelta(seconds=6))
    async with (
        shelving(redis_url) as shelves,
        canned(None, FAULTS["revoked"][0]) as issuer,
        strict(authority) as upstream,
    ):
        credentials = bank(renewing(shelves, issuer.port, granted(tmp_path)))
        async with replaying(redis_url, authority, credentials=credentials, clocks=soon) as replays:
            hold = await replays.ran(action_to(upstream.port))

            async def expired() -> bool:
                await Deadlines(store=replays.store, metrics=replays.world.metrics).sweep()
                return (await replays.found(hold)).state is State.EXPIRED

            await eventually(expired, what="the approval to lapse")
            ended = await replays.found(hold)
        assert CREDENTIAL in ended.note
        assert ended.note.endswith("sign in anew and replace it")
        assert upstream.heads == []


REFUSED: dict[str, tuple[str, str]] = {
    "revoked meanwhile": ("revoked", "sign in anew and replace it"),
    "garbage": ("garbage", "with what is no JSON"),
    "a redirect": ("a redirect", "it redirects"),
    "nothing": ("nothing", "the connection failed or broke"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_refused_and_not_renewed(
    redis_url: str, authority: Authority, tmp_path: Path, case: str
) -> None:
    """The upstream's 401 stands as the answer, with why there was no second request."""
    fault, words = REFUSED[case]
    async with shelving(redis_url) as shelves, strict(authority) as upstream:
        async with canned(None, said(GOOD)) as issuer:
            first = granted(tmp_path)
            assert (await renewing(shelves, issuer.port, first).secret()).text == "token-1"
        async with canned(None, FAULTS[fault][0]) as broken:
            credentials = bank(renewing(shelves, broken.port, first))
            async with replaying(redis_url, authority, credentials=credentials) as replays:
                hold = await replays.ran(action_to(upstream.port, method="PUT"))
                assert (await replays.answer(hold)).status == 401
        assert hold.state is State.EXECUTION_ERROR
        assert hold.note.startswith("the upstream refused the credential, and nothing was sent again: ")
        assert words in hold.note
        assert upstream.refused == ["token-1"]
