"""What is written down at the line, and what a failure there leaves behind."""

import asyncio
import resource
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from proxy.replay import replayer as module
from proxy.store.deadlines import Deadlines
from rules.hold import Hold, State
from rules.ruleset import Ruleset
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.drafts import clocks
from tests.proxy.redis_child import eventually, redis_child
from tests.proxy.replay.test_replayer_line import REFUSED, untouched
from tests.proxy.replays import Replays, action_to, replaying, rules

DAY = 86_400
PROMISING = """
version: 1
rules:
  - id: pay
    match: {host: localhost, method: POST, path: "/**"}
    tier: 4
    idempotency: {header: X-Once, window: 24h, mismatch: error, scope: account}
"""


def promising() -> Ruleset:
    """A rule with whose upstream a key counts for a day."""
    return rules(PROMISING)


async def test_an_attempt_has_an_id_of_its_own(replays: Replays, upstream: Upstream) -> None:
    """The store and the journal have the same one."""
    ran = await replays.ran(action_to(upstream.port))
    [attempt] = ran.sends
    assert len(attempt) == 26
    assert replays.replayer.journal.in_doubt(ran) == ran.sends
    assert (ran.keyed_by, ran.resend_by) == ("Idempotency-Key", None)


async def test_a_promised_key(redis_url: str, authority: Authority, upstream: Upstream) -> None:
    """It goes in the declared header alone, in place of the agent's own, and its window begins."""
    async with replaying(redis_url, authority, ruleset=promising) as replays:
        action = action_to(upstream.port)
        own = ((b"X-Once", b"agent-1"), (b"Idempotency-Key", b"agent-2"))
        ran = await replays.ran(action_to(upstream.port, fields=(*action.fields, *own)))
        [received] = upstream.executed
        assert received.values("X-Once") == [ran.idempotency_key]
        assert received.values("Idempotency-Key") == []
        assert ran.keyed_by == "X-Once"
        assert ran.resend_by is not None
        left = ran.resend_by - datetime.now(UTC)
        # Less than promised by the time that an answer may take.
        assert timedelta(seconds=DAY - 60) < left <= timedelta(seconds=DAY - 20)


@pytest.mark.parametrize("later", [False, True])
async def test_the_window_begins_once(
    redis_url: str, authority: Authority, upstream: Upstream, later: bool
) -> None:
    """With the first sending; one that was made before the promise has none."""
    texts = [PROMISING.replace("    idempotency", "    # ") if later else PROMISING]
    async with replaying(redis_url, authority, ruleset=lambda: rules(texts[-1])) as replays:
        first = await replays.ran(action_to(upstream.port, target="/close"))
        assert first.state is State.OUTCOME_UNKNOWN
        texts.append(PROMISING)
        second = await replays.replayer.run(await replays.world.retry(first))
        assert len(second.sends) == 2
        assert second.resend_by == first.resend_by
        assert (second.resend_by is None) is later


async def test_the_store_stalls_at_the_line(authority: Authority, upstream: Upstream) -> None:
    """A step that is made after its worker gave up waiting is taken back: nothing was sent."""
    async with redis_child() as child, replaying(child.url, authority) as replays:
        hold = await replays.approved(action_to(upstream.port))

        async def stalls() -> None:
            child.freeze()
            asyncio.get_running_loop().call_later(3.0, child.thaw)

        replays.destinations.meanwhile = stalls
        given = await replays.replayer.run(hold)
        assert untouched(upstream)
        found = await replays.found(hold)
        assert (given.state, found.state) == (State.APPROVED, State.APPROVED)
        assert found.note.startswith(REFUSED)
        replays.destinations.meanwhile = lambda: asyncio.sleep(0)
        assert (await replays.replayer.run(found)).state is State.EXECUTED
    assert upstream.count() == 1


async def test_the_journal_cannot_be_written(replays: Replays, upstream: Upstream) -> None:
    """The step is taken back, the hold is approved as before, and runs once there is room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    hold = await replays.approved(action_to(upstream.port))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        given = await replays.replayer.run(hold)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert untouched(upstream)
    assert (given.state, len(given.sends)) == (State.APPROVED, 1)
    assert given.note.startswith("not sent: the journal `")
    assert replays.count("sidegate_hold_transitions_total", event="withdraw") == 1
    ran = await replays.replayer.run(given)
    assert (ran.state, len(ran.sends)) == (State.EXECUTED, 2)


async def test_what_the_store_has_forgotten(replays: Replays, upstream: Upstream) -> None:
    """A server took over without the sending that the journal knows of: it is not sent again."""
    approved = await replays.approved(action_to(upstream.port))
    forgotten = str(ULID())
    replays.replayer.journal.record(approved, forgotten)
    doubted = await replays.replayer.run(approved)
    assert (doubted.state, doubted.sends) == (State.OUTCOME_UNKNOWN, (forgotten,))
    assert "journal has it as sent" in doubted.note
    assert upstream.connections == 0
    retried = await replays.world.retry(doubted)
    assert (await replays.replayer.run(retried)).state is State.EXECUTED
    assert upstream.count() == 1


async def test_a_worker_that_stood_still_at_the_line(
    redis_url: str, authority: Authority, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For longer than its lease, before the first byte: others took it for unknown, so it does not send."""
    short = clocks(lease=timedelta(milliseconds=200))
    async with replaying(redis_url, authority, clocks=short) as replays:
        hold = await replays.approved(action_to(upstream.port))
        journal = replays.replayer.journal
        sweeping = Deadlines(store=replays.store, metrics=replays.world.metrics)
        written, paused = journal.record, asyncio.Event()

        def stand_still(at: Hold, attempt: str) -> None:
            written(at, attempt)
            asyncio.run_coroutine_threadsafe(asyncio.wait_for(paused.wait(), 20), loop).result()

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(journal, "record", stand_still)
        monkeypatch.setattr(module, "_RENEW_EVERY", 60.0)
        running = asyncio.ensure_future(replays.replayer.run(hold))  # noqa: TID251 (awaited below)

        async def swept() -> bool:
            await sweeping.sweep()
            return (await replays.found(hold)).state is State.OUTCOME_UNKNOWN

        await eventually(swept, what="the lease to run out")
        paused.set()
        given = await running
        assert untouched(upstream)
        assert given.state is State.APPROVED
        assert given.note == "not sent: this process stood still for longer than its claim lasts"


async def test_an_answer_that_never_ends(redis_url: str, authority: Authority) -> None:
    """Slow enough to stay within every bound on its size: its time is over all the same."""
    leaf, context = authority.issue(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.chain, leaf.key)

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"1\r\nx\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.transport.abort()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0, ssl=context)
    async with server, replaying(redis_url, authority, timeout=1.0) as replays:
        ran = await replays.ran(action_to(server.sockets[0].getsockname()[1]))
        assert (ran.state, ran.note) == (State.OUTCOME_UNKNOWN, "the time for the upstream ran out")
