"""Approved holds, a replayer over a real store, and upstreams on real TLS that say what a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from proxy.destinations import Address, Allowed, Destinations
from proxy.replay.replayer import Replayer
from proxy.store.store import Store
from proxy.store.timing import Clocks
from rules.action import Action, Principal
from rules.compile import compile_rules
from rules.headers import Fields
from rules.hold import Hold
from rules.reply import Reply
from rules.ruleset import Ruleset
from rules.verdict import Refusal, Tier
from tests.acceptance.authority import Authority, Leaf
from tests.proxy.console.world import World
from tests.proxy.drafts import PATIENT
from tests.proxy.journals import journal
from tests.proxy.replayers import NONE, replayer_of

BODY = b'{"amount": 7}'


async def nothing() -> None:
    """Let nothing happen."""


def rules(text: str = "") -> Ruleset:
    """The rules in `text`, or the defaults."""
    compiled = compile_rules([("rules.yaml", text)] if text else [])
    assert isinstance(compiled, Ruleset)
    return compiled


def action_to(port: int, target: str = "/pay", **changes: Any) -> Action:
    """A payment to the upstream on `port`."""
    host = str(changes.get("host", "localhost"))
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    made = Action(
        method="POST",
        scheme="https",
        host="localhost",
        port=port,
        target=target,
        fields=((b"Host", authority.encode()), (b"Content-Type", b"application/json")),
        body=BODY,
        principal=Principal(agent="agent-7"),
    )
    return replace(made, **changes)


@dataclass(slots=True, kw_only=True)
class Delayed(Destinations):
    """Looks addresses up between a claim and its sending; `meanwhile` happens then."""

    meanwhile: Callable[[], Awaitable[object]] = nothing

    async def find(self, host: str, port: int) -> Address | Refusal:
        """What it always was, a little later."""
        await self.meanwhile()
        return await Destinations.find(self, host, port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replays:
    """One approval domain and its replayer."""

    world: World
    store: Store
    replayer: Replayer
    destinations: Delayed

    async def approved(self, action: Action, *, tier: Tier = Tier.HIGH_RISK) -> Hold:
        """A hold of `action` that a reviewer has approved."""
        return await self.world.approve(await self.world.hold(action, tier=tier))

    async def ran(self, action: Action, **how: Any) -> Hold:
        """What became of `action` once it was approved and run."""
        return await self.replayer.run(await self.approved(action), **how)

    async def found(self, hold: Hold) -> Hold:
        """The hold as it stands in the store."""
        found = await self.store.find(hold.hold_id)
        assert found is not None
        return found

    async def answer(self, hold: Hold) -> Reply:
        """The stored answer of `hold`."""
        return self.world.sealed.open_answer(hold, await self.store.sealed(hold.hold_id, part="answer"))

    def count(self, name: str, **labels: str) -> float:
        """What one of the metrics says."""
        return self.world.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def replaying(
    url: str, authority: Authority, *, clocks: Clocks = PATIENT, **changes: Any
) -> AsyncIterator[Replays]:
    """A replayer on the store at `url` that trusts `authority`; `changes` are parts of it."""
    built = World.build(url)
    credentials = changes.setdefault("credentials", NONE)
    ruleset = changes.setdefault("ruleset", rules)
    store = Store(built.redis, domain=built.domain, clocks=clocks)
    world = replace(built, store=store)
    destinations = Delayed(allowed=Allowed.parse(["localhost", "::1"]), named=lambda _: False)
    try:
        async with AsyncExitStack() as stack:
            own = stack.enter_context(journal())
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            replayer = replayer_of(
                store=store,
                sealed=world.sealed,
                signer=world.signer,
                metrics=world.metrics,
                destinations=destinations,
                ruleset=ruleset,
                trust=ssl.create_default_context(cafile=authority.ca),
                tasks=tasks,
                journal=own,
                credentials=credentials,
            )
            yield Replays(
                world=world,
                store=store,
                replayer=replace(replayer, **changes),
                destinations=destinations,
            )
            await replayer.snapshots.stop()
    finally:
        await world.redis.aclose()


@dataclass(slots=True)
class Canned:
    """An upstream that gives everybody the same bytes."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    """Head and body of each request."""


@asynccontextmanager
async def canned(leaf: Leaf | None, *pieces: bytes, host: str = "127.0.0.1") -> AsyncIterator[Canned]:
    """An upstream that reads a request, writes `pieces` and closes; without a leaf it speaks no TLS."""
    context = None
    if leaf is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.chain, leaf.key)
    upstream = Canned(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            upstream.requests.append(await _request(reader))
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    upstream.port = server.sockets[0].getsockname()[1]
    async with server:
        yield upstream


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _length(head)
    return head + await reader.readexactly(length)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def head_of(method: str, target: str, fields: Fields) -> bytes:
    """The bytes of a request's head."""
    lines = [f"{method} {target} HTTP/1.1".encode(), *(name + b": " + value for name, value in fields)]
    return b"\r\n".join([*lines, b"", b""])
