"""Token endpoints that hang, redirect, lie or break: each ends soon, in words that hold no secret."""

import asyncio
import ssl
import time

import pytest

from proxy.credentials.sources.endpoint import Endpoint
from proxy.credentials.sources.secret import CredentialError
from tests.acceptance.authority import Authority
from tests.proxy.credentials.trust import endpoint
from tests.proxy.replays import canned


def answer(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


LIES: dict[str, tuple[bytes, str]] = {
    "html": (answer(b"<html>hunter2</html>"), "it answered 200 with what is no JSON"),
    "a list": (answer(b'["hunter2"]'), "its answer is no JSON object"),
    "a number": (answer(b"7"), "its answer is no JSON object"),
    "nothing": (answer(b""), "what is no JSON"),
    "two members of one name": (answer(b'{"a": "hunter2", "a": "b"}'), "what is no JSON"),
    "not a number": (answer(b'{"expires_in": NaN}'), "what is no JSON"),
    "deep": (answer(b'{"a":' * 100 + b"1" + b"}" * 100), "what is no JSON"),
    "other bytes": (answer(b'{"access_token": "\xff"}'), "what is no JSON"),
    "compressed": (answer(b"\x1f\x8b\x08hunter2", "Content-Encoding: gzip"), "what is no JSON"),
    "too much": (answer(b'{"a": "' + b"x" * 300_000 + b'"}'), "its answer is over 262144 bytes"),
    "a redirect": (answer(b"", "Location: https://evil.example/", status="302 Found"), "it redirects"),
    "a redirect that keeps": (answer(b"{}", "Location: /x", status="307 T"), "it redirects"),
    "no http": (b"220 mail.example ESMTP hunter2\r\n", "the connection failed or broke"),
    "half": (answer(b"{}")[:-1], "the connection failed or broke"),
    "silence": (b"", "the connection failed or broke"),
}


@pytest.mark.parametrize("case", LIES)
async def test_lies(case: str) -> None:
    """What is no token endpoint's answer is said to be that; it is asked once, and nowhere else."""
    said, words = LIES[case]
    async with canned(None, said) as server:
        url = f"http://127.0.0.1:{server.port}/token?hunter2"
        with pytest.raises(CredentialError) as caught:
            await endpoint().post(url, form={"client_secret": "hunter2"}, headers={})
    assert words in str(caught.value)
    assert f"`http://127.0.0.1:{server.port}/token` gave no answer that can be used" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\n", answer(b"{}")[:-1]], ids=["all", "head", "body"]
)
async def test_hanging(first: bytes) -> None:
    """Wherever it stops, it is not waited for longer than was said."""
    hold = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await hold.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    with pytest.raises(CredentialError, match=r"did not answer within 0\.5 s"):
        await endpoint(timeout=0.5).get(f"http://127.0.0.1:{port}", headers={})
    assert time.monotonic() - began < 20
    hold.set()
    server.close()
    await server.wait_closed()


async def test_dripping() -> None:
    """A byte now and then does not buy time."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.05)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(CredentialError, match="did not answer within 1 s"):
            await endpoint(timeout=1.0).get(f"http://127.0.0.1:{port}", headers={})


async def test_nobody_there(authority: Authority) -> None:
    """A port that nobody listens on, and a certificate that nobody vouches for."""
    async with canned(authority.issue(), answer(b"{}")) as server:
        url = f"https://localhost:{server.port}/"
        with pytest.raises(CredentialError, match="the connection failed or broke"):
            await endpoint().get(url, headers={})
        trusting = endpoint(trust=ssl.create_default_context(cafile=authority.ca))
        assert (await trusting.get(url, headers={})).content == {}
    with pytest.raises(CredentialError, match="the connection failed or broke"):
        await endpoint().get(url, headers={})


async def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets go to the configured address itself."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with canned(None, answer(b'{"a": 1}', status="400 No")) as server:
        said = await endpoint().post_json(f"http://127.0.0.1:{server.port}/x", content={"k": "v"}, headers={})
    assert (said.status, said.content) == (400, {"a": 1})
    assert server.requests[0].endswith(b'\r\n\r\n{"k": "v"}')


CLOCKS = [
    ("Date: Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0 + 120, 120.0),
    ("Date: Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0 - 7200, -7200.0),
    ("Date: Sun, 06 Nov 1994 08:49:37", 784111777.0, 0.0),
    ("Date: yesterday", 0.0, None),
    ("Date: Sun, 99 Nov 1994 08:49:37 GMT", 0.0, None),
    ("X: y", 0.0, None),
]


@pytest.mark.parametrize(("field", "now", "ahead"), CLOCKS)
async def test_clocks(field: str, now: float, ahead: float | None) -> None:
    """How far ours is ahead of the date that the answer bears, if it bears one."""
    asking = Endpoint(trust=ssl.create_default_context(), now=lambda: now)
    async with canned(None, answer(b"{}", field)) as server:
        said = await asking.get(f"http://127.0.0.1:{server.port}/", headers={})
    assert said.ahead == ahead
