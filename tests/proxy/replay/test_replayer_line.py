"""The line: before it a failure gives the hold back and no byte has left, after it nobody sends again."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from proxy.replay import exchange
from proxy.replay import replayer as module
from proxy.store.deadlines import Deadlines
from proxy.store.record import StoreUnavailable
from proxy.store.store import Refused, Store
from rules.hold import Event, Hold, State
from tests.acceptance.authority import Authority
from tests.acceptance.received import Stage, Stop
from tests.acceptance.upstream import Upstream
from tests.proxy.drafts import LAPSED, clocks
from tests.proxy.redis_child import eventually, redis_child
from tests.proxy.replays import Replays, action_to, replaying

ENDED = "the connection to the upstream ended before its whole answer was there"
NOT_IN_TIME = "not sent: the upstream did not take a connection in time"
REFUSED = "not sent: the step to sending was refused: "
NO_CONNECTION = "not sent: no connection to the upstream"
WRONG = {
    "authority": "the upstream's certificate is not valid: ",
    "name": "the upstream's certificate is not valid: Hostname mismatch, ",
    "no tls": "TLS with the upstream failed: ",
}


def untouched(upstream: Upstream) -> bool:
    """Whether not one byte of a request has come."""
    return not upstream.executed and not upstream.fragments


async def stands(stop: Stop) -> None:
    """Wait until the upstream has a request at `stop`."""
    await asyncio.to_thread(stop.wait)


async def test_sending_is_recorded_before_the_first_byte(redis_url: str, authority: Authority) -> None:
    """When the upstream has the head, and before it has a connection, the store knows how far it is."""
    seen: list[State] = []
    with Upstream(authority.issue()) as upstream:
        async with replaying(redis_url, authority) as replays:
            hold = await replays.approved(action_to(upstream.port))

            async def before_connecting() -> None:
                seen.append((await replays.found(hold)).state)

            replays.destinations.meanwhile = before_connecting
            with upstream.stop_at(Stage.HEAD, path="/pay") as stop:
                running = asyncio.ensure_future(replays.replayer.run(hold))  # noqa: TID251 (awaited below)
                await stands(stop)
                seen.append((await replays.found(hold)).state)
                stop.release()
                assert (await running).state is State.EXECUTED
    assert seen == [State.CLAIMED, State.SENDING]


async def test_a_connection_that_does_not_stand(
    redis_url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While TLS is not up, nothing is recorded as sent, and in the end it was not."""
    monkeypatch.setattr(exchange, "_CONNECT_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with replaying(redis_url, authority) as replays:
            hold = await replays.ran(action_to(silent.getsockname()[1]))
            assert (hold.state, hold.fence) == (State.APPROVED, 1)
            assert hold.note == NOT_IN_TIME
            assert replays.count("sidegate_hold_transitions_total", event="send") == 0


async def test_nobody_listens(replays: Replays) -> None:
    """A refused connection gives the hold back with a note; it is still approved and can be run again."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    hold = await replays.ran(action_to(port))
    assert (hold.state, hold.note) == (State.APPROVED, f"{NO_CONNECTION}: connection refused")
    assert await replays.store.approved() == [hold.hold_id]


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_certificate_that_is_not_the_hosts(
    redis_url: str, authority: Authority, tmp_path: Any, wrong: str
) -> None:
    """An upstream that cannot prove who it is gets nothing of the request, not even its head."""
    stranger = Authority.create(tmp_path)
    leaf = {"authority": stranger.issue(), "name": authority.issue("bank.example")}.get(wrong)
    if leaf is None:
        heard = bytearray()

        async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.read(10_000))
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(keep, "127.0.0.1", 0)
        async with server, replaying(redis_url, authority) as replays:
            hold = await replays.ran(action_to(server.sockets[0].getsockname()[1]))
        assert b"pay" not in heard
    else:
        with Upstream(leaf) as upstream:
            async with replaying(redis_url, authority) as replays:
                hold = await replays.ran(action_to(upstream.port))
            assert untouched(upstream)
    assert hold.state is State.APPROVED
    assert hold.note.startswith(f"not sent: {WRONG[wrong]}")


async def kill_switch(replays: Replays, hold: Hold) -> None:
    """An operator stops everything."""
    await replays.store.kill("stop")


async def kill_event(replays: Replays, hold: Hold) -> None:
    """The kill switch reaches this hold."""
    await replays.store.step(hold, Event.KILL)


async def release(replays: Replays, hold: Hold) -> None:
    """The sweep took the worker for dead."""
    await replays.store.step(hold, Event.RELEASE)


async def another_claim(replays: Replays, hold: Hold) -> None:
    """The sweep took the worker for dead, and another one has claimed the hold."""
    await replays.store.step(await replays.store.step(hold, Event.RELEASE), Event.CLAIM)


async def forget(replays: Replays, hold: Hold) -> None:
    """The hold is gone from the store."""
    await replays.world.redis.delete(f"{{sidegate:{replays.world.domain}}}:hold:{hold.hold_id}")


MEANWHILE: list[tuple[Callable[[Replays, Hold], Awaitable[None]], State | None]] = [
    (kill_switch, State.APPROVED),
    (kill_event, State.KILLED),
    (release, State.APPROVED),
    (another_claim, State.CLAIMED),
    (forget, None),
]


@pytest.mark.parametrize(("event", "state"), MEANWHILE, ids=[e.__name__ for e, _ in MEANWHILE])
async def test_refused_at_the_line(
    replays: Replays,
    upstream: Upstream,
    event: Callable[[Replays, Hold], Awaitable[None]],
    state: State | None,
) -> None:
    """Whatever happens between claim and sending: a connection, and on it not one byte."""
    hold = await replays.approved(action_to(upstream.port))

    async def meanwhile() -> None:
        await event(replays, await replays.found(hold))

    replays.destinations.meanwhile = meanwhile
    if state is None:
        with pytest.raises(Refused, match="missing"):
            await replays.replayer.run(hold)
    else:
        ran = await replays.replayer.run(hold)
        assert ran == await replays.found(hold)
        assert ran.state is state
    assert upstream.connections == 1
    assert untouched(upstream)
    assert replays.count("sidegate_hold_transitions_total", event="send") == 0


async def test_the_kill_switch_says_why(replays: Replays, upstream: Upstream) -> None:
    """A hold that the switch stopped is given back with the reason, and runs when it is off again."""
    hold = await replays.approved(action_to(upstream.port))
    replays.destinations.meanwhile = lambda: replays.store.kill("stop")
    assert (await replays.replayer.run(hold)).note == f"{REFUSED}killed"
    with pytest.raises(Refused, match="killed"):
        await replays.replayer.run(hold)
    await replays.store.kill(None)
    replays.destinations.meanwhile = lambda: asyncio.sleep(0)
    assert (await replays.replayer.run(hold)).state is State.EXECUTED
    assert upstream.count() == 1


async def test_killed_while_it_is_sent(replays: Replays, upstream: Upstream) -> None:
    """Over the line the switch comes too late, and what came back is told as it is."""
    hold = await replays.approved(action_to(upstream.port))
    with upstream.stop_at(Stage.RECEIVED, path="/pay") as stop:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(replays.replayer.run(hold))
            await stands(stop)
            await replays.store.kill("stop")
            stop.release()
    assert running.result().state is State.EXECUTED


@pytest.mark.parametrize(
    ("path", "note"),
    [("/close", ENDED), ("/half", ENDED), ("/hang", "the time for the upstream ran out")],
)
async def test_no_answer(
    redis_url: str, authority: Authority, upstream: Upstream, path: str, note: str
) -> None:
    """Closed, cut or silent: it may have run, a human is told, and no worker can take it again."""
    async with replaying(redis_url, authority, timeout=0.5) as replays:
        hold = await replays.ran(action_to(upstream.port, path))
        assert (hold.state, hold.note) == (State.OUTCOME_UNKNOWN, note)
        assert await replays.store.approved() == []
        with pytest.raises(Refused, match="state"):
            await replays.replayer.run(hold)
        assert replays.count("sidegate_hold_transitions_total", event="lose") == 1
    assert upstream.count() == 1


async def test_less_time_than_connecting_may_take(redis_url: str, authority: Authority) -> None:
    """However little time there is for all of it, a connection that does not stand is given up first."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with replaying(redis_url, authority, timeout=0.6) as replays:
            hold = await replays.ran(action_to(silent.getsockname()[1]))
            assert (hold.state, hold.note) == (State.APPROVED, NOT_IN_TIME)


@pytest.mark.parametrize("workers", [2, 8])
async def test_workers_that_want_one_hold(
    redis_url: str, authority: Authority, upstream: Upstream, workers: int
) -> None:
    """However many run it at once, the upstream sees it once."""
    async with replaying(redis_url, authority) as replays:
        hold = await replays.approved(action_to(upstream.port))
        runs = [replays.replayer.run(hold) for _ in range(workers)]
        outcomes = await asyncio.gather(*runs, return_exceptions=True)
    assert [o.state for o in outcomes if isinstance(o, Hold)] == [State.EXECUTED]
    assert [o.why for o in outcomes if isinstance(o, Refused)] == ["state"] * (workers - 1)
    assert upstream.count() == 1


async def test_the_lease_is_renewed(
    redis_url: str, authority: Authority, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the upstream is, its worker is not taken for dead."""
    monkeypatch.setattr(module, "_RENEW_EVERY", 0.05)
    lease = timedelta(seconds=0.8)
    async with replaying(redis_url, authority, clocks=clocks(lease=lease)) as replays:
        hold = await replays.approved(action_to(upstream.port))
        sweeper = Deadlines(store=replays.store, metrics=replays.world.metrics)
        with upstream.stop_at(Stage.RECEIVED, path="/pay") as stop:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(replays.replayer.run(hold))
                await stands(stop)
                end = monotonic() + 3 * lease.total_seconds()
                while monotonic() < end:
                    await sweeper.sweep()
                    assert (await replays.found(hold)).state is State.SENDING
                    await asyncio.sleep(0.02)
                stop.release()
        assert running.result().state is State.EXECUTED


async def test_nobody_renews_afterwards(
    redis_url: str, authority: Authority, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a run has ended, so has its renewal."""
    monkeypatch.setattr(module, "_RENEW_EVERY", 0.001)
    async with replaying(redis_url, authority) as replays:
        await replays.ran(action_to(upstream.port))
        await asyncio.sleep(0)
        renewals = [task for task in asyncio.all_tasks() if "Replayer._renew" in repr(task.get_coro())]
        assert all(task.cancelling() for task in renewals)


async def test_taken_for_dead_and_yet_answered(replays: Replays, upstream: Upstream) -> None:
    """A worker that was taken for dead in the middle still brings the answer, and clears the doubt."""
    hold = await replays.approved(action_to(upstream.port))
    lapsed = Store(replays.world.redis, domain=replays.world.domain, clocks=LAPSED)
    with upstream.stop_at(Stage.RECEIVED, path="/pay") as stop:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(replays.replayer.run(hold))
            await stands(stop)
            sending = await replays.found(hold)
            await lapsed.renew(sending)
            await Deadlines(store=lapsed, metrics=replays.world.metrics).sweep()
            assert (await replays.found(hold)).state is State.OUTCOME_UNKNOWN
            stop.release()
    ran = running.result()
    assert (ran.state, ran.note) == (State.EXECUTED, "")
    assert (await replays.answer(ran)).status == 201
    assert upstream.count() == 1


async def test_the_store_is_away_when_the_answer_comes(authority: Authority, upstream: Upstream) -> None:
    """The answer is kept until the store is back, and then it is there."""
    async with redis_child() as child, replaying(child.url, authority) as replays:
        hold = await replays.approved(action_to(upstream.port))
        with upstream.stop_at(Stage.RECEIVED, path="/pay") as stop:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(replays.replayer.run(hold))
                await stands(stop)
                child.kill9()
                stop.release()
                await _missed(replays)
                assert not running.done()
                await child.revive()
        assert running.result().state is State.EXECUTED
        assert (await replays.answer(hold)).status == 201
    assert upstream.count() == 1


async def _missed(replays: Replays) -> None:
    """The store has been asked for in vain, more than once."""

    async def away() -> bool:
        try:
            await replays.store.check()
        except StoreUnavailable:
            return True
        return False

    for _ in range(10):
        await eventually(away, what="the store to be away", every=0.05)
        await asyncio.sleep(0.05)


async def test_the_store_goes_before_the_line(
    authority: Authority, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be recorded is not sent: the claim lapses, and the hold runs when the store is back."""
    monkeypatch.setattr(module, "_GIVE_BACK_FOR", 0.5)
    async with redis_child() as child, replaying(child.url, authority) as replays:
        hold = await replays.approved(action_to(upstream.port))

        async def goes() -> None:
            child.kill9()

        replays.destinations.meanwhile = goes
        with pytest.raises(StoreUnavailable):
            await replays.replayer.run(hold)
        assert untouched(upstream)
        await child.revive()
        claimed = await replays.found(hold)
        assert claimed.state is State.CLAIMED
        replays.destinations.meanwhile = lambda: asyncio.sleep(0)
        assert (await replays.replayer.run(await replays.store.step(claimed, Event.RELEASE))).fence == 2
    assert upstream.count() == 1
