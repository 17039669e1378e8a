"""A real OpenID provider whose clock is moved: tokens of thirty minutes, refresh tokens good for one use."""

import asyncio
import os
import ssl
import subprocess
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from proxy.credentials.credentials import Credentials
from proxy.credentials.header import Header
from proxy.credentials.sources.answer import Denied
from proxy.credentials.sources.endpoint import Endpoint
from proxy.credentials.sources.renewed import Renewed
from rules.hold import State
from tests.acceptance.authority import Authority
from tests.environments.locked import NotInstallable, node, node_program
from tests.ports import free_ports
from tests.proxy.credentials.issuer import CLIENT
from tests.proxy.credentials.renewing import granted, refreshing, shelving
from tests.proxy.credentials.trust import endpoint
from tests.proxy.replays import action_to, replaying

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
PROGRAM = Path(__file__).parent / "programs" / "issuer.mjs"
HALF_AN_HOUR = 1800.0


@dataclass(slots=True)
class Provider:
    """The provider, its clock, and ours, which is moved with it unless a test says otherwise."""

    url: str
    refresh: str
    clock: Path
    ahead: float = 0.0

    def now(self) -> float:
        """Our time."""
        return time.time() + self.ahead

    def move(self, seconds: float, *, ours: bool = True) -> None:
        """Let time pass."""
        part = self.clock.with_suffix(".part")
        part.write_text(f"+{seconds:.0f}s")
        part.replace(self.clock)
        self.ahead = seconds if ours else self.ahead

    async def active(self, token: str) -> bool:
        """Whether the provider still takes `token` for good."""
        pair = ":".join(map(quote_plus, CLIENT)).encode()
        headers = {"Authorization": f"Basic {b64encode(pair).decode()}"}
        said = await endpoint(timeout=30).post(
            f"{self.url}/token/introspection", form={"token": token}, headers=headers
        )
        return said.content["active"] is True


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """Run one."""
    if not FAKETIME.exists():
        pytest.skip(f"there is no {FAKETIME}: install the package faketime")
    try:
        folder = node("oidc")
    except NotInstallable as error:
        pytest.skip(str(error))
    [port], clock = free_ports(1), tmp_path / "clock"
    clock.write_text("+0s")
    faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    environment = os.environ | faked | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    command = (*node_program(), str(PROGRAM), str(port), str(folder))
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            refresh = server.stdout.readline().strip()
            assert refresh, "the provider does not start"
            yield Provider(f"http://127.0.0.1:{port}", refresh, clock)
        finally:
            server.terminate()


@dataclass(slots=True)
class Resource:
    """An upstream that asks the provider about each token, and executes what comes with a good one."""

    provider: Provider
    port: int = 0
    executed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@asynccontextmanager
async def protected(provider: Provider, authority: Authority) -> AsyncIterator[Resource]:
    """It, over TLS."""
    leaf, context = authority.issue(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.chain, leaf.key)
    resource = Resource(provider)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(13)
        token = head.partition(b"Authorization: Bearer ")[2].partition(b"\r\n")[0].decode()
        good = await provider.active(token)
        (resource.executed if good else resource.refused).append(token)
        status = b"200 OK" if good else b"401 Unauthorized"
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    resource.port = server.sockets[0].getsockname()[1]
    async with server:
        yield resource


def ours(renewed: Renewed) -> Credentials:
    """Its token as the credential of the resource."""
    header = Header(name="bank", source=renewed, header="Authorization", template="Bearer {secret}")
    return Credentials({"localhost": (header,)})


async def test_approved_after_expiry(
    redis_url: str, authority: Authority, provider: Provider, tmp_path: Path
) -> None:
    """One execution, with a token made after the approval, which the provider takes for good."""
    async with shelving(redis_url) as shelves, protected(provider, authority) as resource:
        grant = refreshing(provider.url, granted(tmp_path, provider.refresh))
        renewed = shelves.renewed(grant, now=provider.now)
        before = await renewed.secret()
        assert await provider.active(before.text)
        async with replaying(redis_url, authority, credentials=ours(renewed)) as replays:
            hold = await replays.approved(action_to(resource.port, credentials=("authorization",)))
            provider.move(HALF_AN_HOUR + 60)
            assert not await provider.active(before.text)
            ran = await replays.replayer.run(hold)
        assert ran.state is State.EXECUTED
        assert len(resource.executed) == 1
        assert resource.executed != [before.text]
        assert (resource.refused, ran.credential_used) == ([], "bank@2")


async def test_a_clock_of_ours_that_stands_still(
    redis_url: str, authority: Authority, provider: Provider, tmp_path: Path
) -> None:
    """The token has expired where it counts: refused, renewed, sent again, executed once."""
    async with shelving(redis_url) as shelves, protected(provider, authority) as resource:
        grant = refreshing(provider.url, granted(tmp_path, provider.refresh))
        renewed = shelves.renewed(grant, now=provider.now)
        before = await renewed.secret()
        provider.move(HALF_AN_HOUR + 60, ours=False)
        async with replaying(redis_url, authority, credentials=ours(renewed)) as replays:
            ran = await replays.ran(action_to(resource.port, method="PUT"))
        assert ran.state is State.EXECUTED
        assert resource.refused == [before.text]
        assert len(resource.executed) == 1


async def test_fifty_renew_once(redis_url: str, provider: Provider, tmp_path: Path) -> None:
    """A provider that ends the grant at a second use sees one, half an hour after half an hour."""
    async with shelving(redis_url) as shelves:
        first = granted(tmp_path, provider.refresh)
        several = [shelves.renewed(refreshing(provider.url, first), now=provider.now) for _ in range(5)]
        for hour in range(4):
            provider.move(hour * (HALF_AN_HOUR + 60))
            found = await asyncio.gather(*(several[n % 5].secret() for n in range(50)))
            assert {secret.generation for secret in found} == {str(hour + 1)}
            assert await provider.active(found[0].text)


async def test_a_reused_refresh_token(redis_url: str, provider: Provider, tmp_path: Path) -> None:
    """Whoever uses it a second time ends the grant: said so, with what to do."""
    async with shelving(redis_url) as shelves:
        first = granted(tmp_path, provider.refresh)
        renewed = shelves.renewed(refreshing(provider.url, first), now=provider.now)
        token = await renewed.secret()
        with pytest.raises(Denied, match=r"`invalid_grant`: .*: sign in anew and replace it"):
            await refreshing(provider.url, first).token(None)
        assert not await provider.active(token.text)
        with pytest.raises(Exception, match=r"the credential `bank` cannot be renewed: .*sign in anew"):
            await renewed.secret(past=token.generation)


async def test_a_wrong_clock_is_seen(provider: Provider, tmp_path: Path) -> None:
    """By the date of the provider's answers."""
    provider.move(7200)
    grant = refreshing(provider.url, granted(tmp_path, provider.refresh))
    here = Endpoint(trust=ssl.create_default_context(), now=time.time, timeout=30.0)
    said = await here.get(f"{provider.url}/.well-known/openid-configuration", headers={})
    assert said.ahead == pytest.approx(-7200, abs=60)
    assert (await grant.token(None)).ahead == pytest.approx(-7200, abs=60)
