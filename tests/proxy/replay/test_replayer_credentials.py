"""Approved calls with credentials that expire, rotate and are refused: each still runs at most once."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

import pytest

from proxy.credentials.credentials import Credentials
from proxy.credentials.header import Header
from proxy.credentials.sources.secret import Secret
from proxy.credentials.sources.stated import FromFile, Stated
from proxy.credentials.supply import Credential
from rules.hold import Event, State
from rules.verdict import Tier
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.credentials.issuer import issuing
from tests.proxy.credentials.renewing import granted, refreshing, shelving
from tests.proxy.replays import action_to, replaying, rules

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer error="invalid_token"\r\nContent-Length: 2\r\n\r\nno'


@dataclass(slots=True)
class Counted:
    """A source that has another secret whenever it is asked past its last one."""

    number: int = 1
    asked_past: list[str] = field(default_factory=list)

    async def secret(self, *, past: str | None = None) -> Secret:
        """The secret."""
        if past is not None:
            self.asked_past.append(past)
            self.number += past == str(self.number)
        return Secret(text=f"token-{self.number}", generation=str(self.number))

    async def generation(self) -> str:
        """Its number."""
        return str(self.number)


def bank(source: Any) -> Credentials:
    """It as the credential of the bank."""
    credential: Credential = Header(
        name="bank", source=source, header="Authorization", template="Bearer {secret}"
    )
    return Credentials({"localhost": (credential,)})


@dataclass(slots=True)
class Strict:
    """An upstream that executes what comes with one of `good` and answers 401 to everything else."""

    port: int
    good: set[str]
    executed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    answers: int = 1000


@asynccontextmanager
async def strict(authority: Authority, *good: str) -> AsyncIterator[Strict]:
    """It, over TLS."""
    leaf = authority.issue()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.chain, leaf.key)
    upstream = Strict(0, set(good))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        upstream.heads.append(head)
        await reader.readexactly(13)
        token = head.partition(b"Authorization: Bearer ")[2].partition(b"\r\n")[0].decode()
        accepted = token in upstream.good
        (upstream.executed if accepted else upstream.refused).append(token)
        if len(upstream.heads) <= upstream.answers:
            writer.write(OK if accepted else NO)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    upstream.port = server.sockets[0].getsockname()[1]
    async with server:
        yield upstream


async def test_approved_after_its_token_has_expired(
    redis_url: str, authority: Authority, tmp_path: Path
) -> None:
    """One execution, with a token that was made after the approval."""
    ahead = 0.0
    async with shelving(redis_url) as shelves, issuing() as issuer, strict(authority) as upstream:
        renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)), now=lambda: time() + ahead)
        await renewed.secret()
        async with replaying(redis_url, authority, credentials=bank(renewed)) as replays:
            hold = await replays.approved(action_to(upstream.port, credentials=("authorization",)))
            ahead, upstream.good = 7200.0, {"token-2"}
            ran = await replays.replayer.run(hold)
        assert (ran.state, ran.credential_used) == (State.EXECUTED, "bank@2")
        assert (upstream.executed, upstream.refused) == (["token-2"], [])
        assert issuer.made == 2


async def test_fifty_replays_at_once(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """One renewal, and each action once."""
    async with (
        shelving(redis_url) as shelves,
        issuing(slow=0.3) as issuer,
        strict(authority, "token-1") as upstream,
    ):
        renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))
        async with replaying(redis_url, authority, credentials=bank(renewed)) as replays:
            holds = [await replays.approved(action_to(upstream.port, f"/pay/{n}")) for n in range(50)]
            ran = await asyncio.gather(*(replays.replayer.run(hold) for hold in holds))
        assert {hold.state for hold in ran} == {State.EXECUTED}
        assert upstream.executed == ["token-1"] * 50
        assert len({head.split(b" ")[1] for head in upstream.heads}) == 50
        assert issuer.made == 1


async def test_an_endpoint_that_refuses(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """Nothing is sent; the hold says which credential and what to do, also after its approval has lapsed."""
    async with shelving(redis_url) as shelves, issuing(revoked=True) as issuer, strict(authority) as upstream:
        renewed = shelves.renewed(refreshing(issuer.url, granted(tmp_path)))
        async with replaying(redis_url, authority, credentials=bank(renewed)) as replays:
            hold = await replays.ran(action_to(upstream.port))
        assert hold.state is State.APPROVED
        assert hold.note.startswith("not sent: the credential `bank` cannot be renewed: the endpoint refuses")
        assert hold.note.endswith("sign in anew and replace it")
        assert upstream.heads == []


async def test_refused_and_sent_once_more(redis_url: str, authority: Authority) -> None:
    """A PUT is the same twice: it goes again with the next token, within the same claim."""
    source = Counted()
    async with (
        strict(authority, "token-2") as upstream,
        replaying(redis_url, authority, credentials=bank(source)) as replays,
    ):
        hold = await replays.approved(action_to(upstream.port, method="PUT"))
        ran = await replays.replayer.run(hold)
        assert (ran.state, ran.fence, ran.note) == (State.EXECUTED, 1, "")
        assert replays.count("sidegate_hold_transitions_total", event=Event.SEND) == 1
    assert (upstream.refused, upstream.executed, source.asked_past) == (["token-1"], ["token-2"], ["1"])
    assert {head.partition(b"Idempotency-Key: ")[2][:32] for head in upstream.heads} == {
        hold.idempotency_key.encode()
    }


async def test_refused_twice_is_refused(redis_url: str, authority: Authority) -> None:
    """There is no third time."""
    async with (
        strict(authority) as upstream,
        replaying(redis_url, authority, credentials=bank(Counted())) as replays,
    ):
        ran = await replays.ran(action_to(upstream.port, method="PUT"))
        assert (await replays.answer(ran)).status == 401
    assert (ran.state, upstream.refused) == (State.EXECUTION_ERROR, ["token-1", "token-2"])


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_refused_and_not_repeatable(redis_url: str, authority: Authority, method: str) -> None:
    """An upstream that acted before it said 401 would act twice: it is renewed for the next call only."""
    source = Counted()
    async with (
        strict(authority, "token-2") as upstream,
        replaying(redis_url, authority, credentials=bank(source)) as replays,
    ):
        ran = await replays.ran(action_to(upstream.port, method=method))
    assert ran.state is State.EXECUTION_ERROR
    assert ran.note == "the upstream refused `bank`, which is renewed since: let the agent ask again"
    assert (upstream.refused, upstream.executed, source.number) == (["token-1"], [], 2)


async def test_refused_without_a_newer_one(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """A key in a file that was revoked: its owner is told, and nothing goes again."""
    (tmp_path / "key").write_text("token-1")
    stated = Stated(reference=FromFile(tmp_path / "key"), keyed=str)
    async with (
        strict(authority, "token-2") as upstream,
        replaying(redis_url, authority, credentials=bank(stated)) as replays,
    ):
        ran = await replays.ran(action_to(upstream.port, method="PUT"))
    assert ran.note.startswith("the upstream refuses `bank`, and there is no newer one")
    assert upstream.refused == ["token-1"]


async def test_the_agents_own_is_not_sent_again(redis_url: str, authority: Authority) -> None:
    """Its live credential is nobody's to renew."""
    async with strict(authority) as upstream, replaying(redis_url, authority) as replays:
        hold = await replays.approved(action_to(upstream.port, method="PUT", credentials=("authorization",)))
        ran = await replays.replayer.run(hold, live=((b"Authorization", b"Bearer live"),))
    assert (ran.state, ran.note, upstream.refused) == (State.EXECUTION_ERROR, "", ["live"])


@dataclass(slots=True)
class Meanwhile(Counted):
    """Lets something happen while the second credential is fetched."""

    happen: Callable[[], Any] | None = None

    async def secret(self, *, past: str | None = None) -> Secret:
        """The secret, a little later."""
        if past is not None and self.happen is not None:
            await self.happen()
        return await Counted.secret(self, past=past)


@pytest.mark.parametrize("what", ["kill switch", "lost claim"])
async def test_what_stops_the_second_request(redis_url: str, authority: Authority, what: str) -> None:
    """The kill switch, and a claim that is no longer ours: the first answer stands."""
    source = Meanwhile()
    async with (
        strict(authority, "token-2") as upstream,
        replaying(redis_url, authority, credentials=bank(source)) as replays,
    ):
        hold = await replays.approved(action_to(upstream.port, method="PUT"))

        async def happen() -> None:
            if what == "kill switch":
                await replays.store.kill("stop")
                return
            found = await replays.found(hold)
            await replays.store.step(found, Event.LOSE, fence=found.fence)

        source.happen = happen
        ran = await replays.replayer.run(hold)
        assert ran.state is State.EXECUTION_ERROR
        assert "nothing was sent again" in ran.note
    assert (upstream.refused, upstream.executed) == (["token-1"], [])


async def test_a_second_request_without_an_answer(redis_url: str, authority: Authority) -> None:
    """It may have run: nobody says that it did not."""
    source = Counted()
    async with (
        strict(authority) as upstream,
        replaying(redis_url, authority, credentials=bank(source)) as replays,
    ):
        hold = await replays.approved(action_to(upstream.port, method="PUT"))
        upstream.answers = 1
        ran = await replays.replayer.run(hold)
    assert ran.state is State.OUTCOME_UNKNOWN
    assert upstream.refused == ["token-1", "token-2"]


async def test_a_rotation_is_recorded(redis_url: str, authority: Authority, upstream: Upstream) -> None:
    """Between hold and execution: it runs, and the hold has both."""
    source = Counted()
    async with replaying(redis_url, authority, credentials=bank(source)) as replays:
        action = action_to(upstream.port)
        held = await replays.replayer.generations(action, rule=None)
        hold = await replays.world.hold(action, tier=Tier.HIGH_RISK, credential=held)
        source.number = 7
        hold = await replays.world.approve(hold)
        ran = await replays.replayer.run(hold)
    assert (ran.credential, ran.credential_used) == ("bank@1", "bank@7")
    assert (ran.state, ran.note) == (State.EXECUTED, "rotated after the call was held: `bank`")


NAMED = """
version: 1
rules:
  - {id: pay, match: {host: localhost}, tier: 4, credential: special}
"""


async def test_the_one_that_a_rule_names(redis_url: str, authority: Authority) -> None:
    """Its secret goes out in place of the host's; where it is not configured, nothing does."""
    one, other = (
        Header(name=name, source=Counted(number), header="Authorization", template="Bearer {secret}")
        for name, number in (("usual", 1), ("special", 2))
    )
    both = Credentials({"localhost": (one, other)})
    async with strict(authority, "token-2") as upstream:
        async with replaying(redis_url, authority, credentials=both, ruleset=lambda: rules(NAMED)) as replays:
            ran = await replays.ran(action_to(upstream.port))
            assert (ran.state, ran.credential_used) == (State.EXECUTED, "special@2")
        async with replaying(
            redis_url, authority, credentials=bank(Counted()), ruleset=lambda: rules(NAMED)
        ) as replays:
            ran = await replays.ran(action_to(upstream.port))
            assert ran.state is State.APPROVED
            assert "the rule asks for the credential `special`, which is not configured" in ran.note
    assert (upstream.executed, upstream.refused) == (["token-2"], [])


DECLARED = """
version: 1
rules:
  - id: pay
    match: {host: localhost}
    tier: 4
    idempotency: {header: X-Key, window: 1h}
"""


async def test_refused_with_a_declared_key(redis_url: str, authority: Authority) -> None:
    """An upstream that runs one key once may get a POST twice, under that key."""
    async with (
        strict(authority, "token-2") as upstream,
        replaying(
            redis_url, authority, credentials=bank(Counted()), ruleset=lambda: rules(DECLARED)
        ) as replays,
    ):
        ran = await replays.ran(action_to(upstream.port))
    assert (ran.state, upstream.refused, upstream.executed) == (State.EXECUTED, ["token-1"], ["token-2"])
    assert {head.partition(b"X-Key: ")[2][:32] for head in upstream.heads} == {ran.idempotency_key.encode()}
