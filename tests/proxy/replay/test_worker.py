"""The worker: it runs what is approved, as it comes, and lives through whatever the store does."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from proxy import signals as signals_module
from proxy.keys.sealed import Sealed
from proxy.replay import replayer as replayer_module
from proxy.replay import worker as module
from proxy.replay.line import Line
from proxy.replay.worker import Worker
from proxy.signals import Signals
from proxy.store.deadlines import Deadlines
from proxy.store.store import Store
from rules.action import Action, Principal
from rules.call import ToolCall
from rules.hold import Event, Hold, State
from rules.mcp.action import ToolAction, bind_tool
from rules.reply import Reply
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.acceptance.authority import Authority
from tests.acceptance.received import Stage
from tests.acceptance.upstream import Upstream
from tests.proxy.drafts import PATIENT, clocks
from tests.proxy.redis_child import eventually, redis_child
from tests.proxy.replays import Replays, action_to, replaying


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker look again soon, and try again soon."""
    monkeypatch.setattr(signals_module, "_PULSE", 0.02)
    monkeypatch.setattr(module, "_RETRY_AFTER", 0.1)


@asynccontextmanager
async def working(replays: Replays, *, sealed: Sealed | None = None) -> AsyncIterator[Worker]:
    """A worker that watches the domain of `replays`."""
    signals = Signals(replays.store, replays.world.metrics)
    async with asyncio.TaskGroup() as tasks:
        worker = Worker(
            store=replays.store,
            sealed=sealed or replays.world.sealed,
            signals=signals,
            replayer=replays.replayer,
            tasks=tasks,
        )
        watching = tasks.create_task(worker.watch())
        try:
            yield worker
        finally:
            watching.cancel()


async def becomes(replays: Replays, hold: Hold, state: State) -> Hold:
    """The hold, once it is in `state`."""

    async def found() -> Hold | None:
        now = await replays.found(hold)
        return now if now.state is state else None

    now = await eventually(found, what=f"the hold to be {state}")
    assert now is not None
    return now


async def looked(worker: Worker, times: int = 5) -> None:
    """Wait until the worker has looked at the approved holds so many times."""
    for _ in range(times):
        await worker.signals.anything()
        await asyncio.sleep(0)


async def test_what_is_approved_runs(replays: Replays, upstream: Upstream) -> None:
    """Holds that were approved before it started and while it runs, each once."""
    early = await replays.approved(action_to(upstream.port))
    async with working(replays) as worker:
        await becomes(replays, early, State.EXECUTED)
        late = await replays.approved(action_to(upstream.port))
        await becomes(replays, late, State.EXECUTED)
        await looked(worker)
        assert worker.busy == set()
    keys = {received.values("idempotency-key")[0] for received in upstream.executed}
    assert keys == {early.idempotency_key, late.idempotency_key}
    assert upstream.count() == 2


async def test_what_is_not_approved_waits(replays: Replays, upstream: Upstream) -> None:
    """Pending, rejected and expired holds are not looked at."""
    holds = [await replays.world.hold(action_to(upstream.port)) for _ in range(3)]
    for hold, event in zip(holds, (Event.REJECT, Event.EXPIRE), strict=False):
        await replays.store.step(hold, event)
    async with working(replays) as worker:
        await looked(worker)
    states = [(await replays.found(hold)).state for hold in holds]
    assert states == [State.REJECTED, State.EXPIRED, State.PENDING]
    assert upstream.connections == 0


async def test_what_needs_the_agent_is_left_to_it(replays: Replays, upstream: Upstream) -> None:
    """Without the agent's own credentials it would only fail: it is not even claimed."""
    waits = await replays.approved(action_to(upstream.port, credentials=("authorization",)))
    goes = await replays.approved(action_to(upstream.port))
    async with working(replays) as worker:
        await becomes(replays, goes, State.EXECUTED)
        await looked(worker)
        assert await replays.found(waits) == waits
        ran = await replays.replayer.run(waits, live=((b"Authorization", b"Bearer live"),))
        assert ran.state is State.EXECUTED
    assert upstream.count() == 2


async def test_it_backs_off(replays: Replays, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold that could not be sent is not tried again at once, however often the worker looks."""
    monkeypatch.setattr(module, "_RETRY_AFTER", 60.0)
    hold = await replays.approved(action_to(_closed_port()))
    async with working(replays) as worker:
        await _given_back(replays, hold, times=1)
        await looked(worker, 20)
        assert (await replays.found(hold)).fence == 1


async def test_it_tries_again(replays: Replays) -> None:
    """A hold that could not be sent is tried again and again, without another approval."""
    hold = await replays.approved(action_to(_closed_port()))
    async with working(replays):
        await _given_back(replays, hold, times=3)


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        return int(closing.getsockname()[1])


async def _given_back(replays: Replays, hold: Hold, *, times: int) -> None:
    """Wait until the hold has been claimed and given back so many times."""

    async def back() -> bool:
        now = await replays.found(hold)
        return now.fence >= times and now.state is State.APPROVED and now.note != ""

    await eventually(back, what="the hold to be given back")


async def test_a_few_at_a_time(replays: Replays, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many approvals at once do not become as many connections; all run in the end."""
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    holds = [await replays.approved(action_to(upstream.port)) for _ in range(6)]
    with upstream.stop_at(Stage.RECEIVED, path="/pay") as stop:
        async with working(replays) as worker:
            await asyncio.to_thread(upstream.wait_for, 2)
            await looked(worker)
            assert worker.busy == {hold.hold_id for hold in holds}
            assert upstream.connections == 2
            stop.release()
            for hold in holds:
                await becomes(replays, hold, State.EXECUTED)
    assert upstream.count() == 6


async def test_two_workers(replays: Replays, upstream: Upstream) -> None:
    """Two processes on one domain share the work and never a hold."""
    holds = [await replays.approved(action_to(upstream.port)) for _ in range(12)]
    async with working(replays), working(replays):
        for hold in holds:
            assert (await becomes(replays, hold, State.EXECUTED)).fence == 1
    assert upstream.count() == 12


async def test_the_kill_switch(replays: Replays, upstream: Upstream) -> None:
    """While it is on nothing runs, though all stays approved; when it is off, it runs by itself."""
    await replays.store.kill("stop")
    hold = await replays.approved(action_to(upstream.port))
    async with working(replays) as worker:
        await looked(worker, 20)
        assert await replays.found(hold) == hold
        assert upstream.connections == 0
        await replays.store.kill(None)
        await becomes(replays, hold, State.EXECUTED)


@pytest.mark.parametrize("spoil", ["gone", "unreadable", "altered"])
async def test_one_bad_hold_does_not_stop_the_others(
    replays: Replays, upstream: Upstream, spoil: str
) -> None:
    """What is missing or cannot be read is passed over; what was altered is ended."""
    bad, good = [await replays.approved(action_to(upstream.port)) for _ in range(2)]
    key = f"{{sidegate:{replays.world.domain}}}:hold:{bad.hold_id}"
    match spoil:
        case "gone":
            await replays.world.redis.delete(key)
        case "unreadable":
            await replays.world.redis.hset(key, "tier", "?")
        case _:
            await replays.world.redis.hset(key, "sealed", b"x" * 100)
    async with working(replays):
        await becomes(replays, good, State.EXECUTED)
        if spoil == "altered":
            await becomes(replays, bad, State.DRIFT_REFUSED)
    assert upstream.count() == 1


async def test_the_store_goes_and_comes_back(authority: Authority, upstream: Upstream) -> None:
    """What is approved once the store is back is run by the worker that was there before."""
    async with (
        redis_child() as child,
        replaying(child.url, authority) as replays,
        working(replays) as worker,
    ):
        child.kill9()
        await looked(worker)
        await child.revive()
        hold = await replays.approved(action_to(upstream.port))
        await becomes(replays, hold, State.EXECUTED)
    assert upstream.count() == 1


async def test_the_store_goes_in_the_middle(authority: Authority, upstream: Upstream) -> None:
    """A claim that could not go on is given back once the store is there again; then each hold runs, once."""
    async with redis_child() as child, replaying(child.url, authority) as replays:
        first = await replays.approved(action_to(upstream.port))
        gone = asyncio.Event()

        async def goes() -> None:
            if not gone.is_set():
                child.kill9()
                gone.set()

        replays.destinations.meanwhile = goes
        async with working(replays) as worker:
            await asyncio.wait_for(gone.wait(), 10)
            await looked(worker)
            await child.revive()
            second = await replays.approved(action_to(upstream.port))
            for hold in (second, first):
                await becomes(replays, hold, State.EXECUTED)
    assert upstream.count() == 2


async def test_nothing_is_remembered_of_what_has_ended(replays: Replays, upstream: Upstream) -> None:
    """The times of the next tries go with the holds that they are for."""
    async with working(replays) as worker:
        for _ in range(3):
            await becomes(replays, await replays.approved(action_to(upstream.port)), State.EXECUTED)

        async def forgotten() -> bool:
            return worker._not_before == {}

        await eventually(forgotten, what="the times to be forgotten")


SECRET = "secret-of-the-request"


async def sweeping(replays: Replays) -> None:
    """Let leases run out."""
    deadlines = Deadlines(store=replays.store, metrics=replays.world.metrics)
    while True:
        await deadlines.sweep()
        await asyncio.sleep(0.02)


@pytest.fixture
async def leased(redis_url: str, authority: Authority) -> AsyncIterator[Replays]:
    """Replays on a domain where short leases run out."""
    lease = clocks(lease=timedelta(seconds=0.5))
    async with replaying(redis_url, authority, clocks=lease) as made, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(sweeping(made))
        yield made
        task.cancel()


async def test_a_failure_before_the_line(
    leased: Replays, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw stops one replay: its hold is approved again after its lease, and then runs."""
    failures = iter([RuntimeError(SECRET)])

    async def fails_once() -> None:
        for failure in failures:
            raise failure

    leased.destinations.meanwhile = fails_once
    async with working(leased):
        hold = await leased.approved(action_to(upstream.port))
        ran = await becomes(leased, hold, State.EXECUTED)
    assert ran.fence >= 2
    assert upstream.count() == 1
    assert leased.count("sidegate_replay_failures_total") == 1
    assert f"replay.failed hold={hold.hold_id} error=RuntimeError at\n" in caplog.text
    assert "fails_once" in caplog.text
    assert SECRET not in caplog.text


class Spoiled(Sealed):
    """What opens, or seals, with a fault in it."""

    def close_answer(self, hold: Hold, answer: Reply) -> bytes:
        """Fail as nobody foresaw."""
        raise RuntimeError(SECRET)


class Unopening(Sealed):
    """Opens nothing."""

    def open_action(self, hold: Hold, sealed: bytes | None) -> Action:
        """Fail as nobody foresaw."""
        raise RuntimeError(SECRET)


async def test_a_failure_after_the_line(
    leased: Replays, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    """It was sent and the answer could not be kept: nobody sends it again, and a person is called."""
    spoiled = replace(leased.replayer, sealed=Spoiled(leased.world.sealed.keyring))
    hold = await leased.approved(action_to(upstream.port))
    async with working(replace(leased, replayer=spoiled)) as worker:
        await becomes(leased, hold, State.OUTCOME_UNKNOWN)
        await looked(worker)
    assert upstream.count() == 1
    assert SECRET not in caplog.text


async def test_a_failure_before_the_claim(
    replays: Replays, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends neither the worker nor its other work, and is not met again at once."""
    monkeypatch.setattr(module, "_RETRY_AFTER", 60.0)
    hold = await replays.approved(action_to(upstream.port))
    async with working(replays, sealed=Unopening(replays.world.sealed.keyring)) as worker:
        await looked(worker, 20)
        assert worker.busy == set()
    assert (await replays.found(hold)).state is State.APPROVED
    assert replays.count("sidegate_replay_failures_total") == 1


class Unrenewed(Store):
    """A store with a fault in its leases."""

    async def renew(self, hold: Hold) -> None:
        """Fail as nobody foresaw."""
        raise RuntimeError(SECRET)


async def test_a_failure_of_the_renewal(
    replays: Replays, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease lapses then, which every step takes into account; the replay goes on."""
    monkeypatch.setattr(replayer_module, "_RENEW_EVERY", 0.01)

    async def failed_twice() -> bool:
        return replays.count("sidegate_replay_failures_total") >= 2

    store = Unrenewed(replays.world.redis, domain=replays.world.domain, clocks=PATIENT)
    hold = await replays.approved(action_to(upstream.port))
    with upstream.stop_at(Stage.HEAD, path="/pay") as stop:
        async with working(replace(replays, replayer=replace(replays.replayer, store=store))):
            await asyncio.to_thread(stop.wait)
            await eventually(failed_twice, what="the renewal to fail twice")
            stop.release()
            await becomes(replays, hold, State.EXECUTED)


async def test_a_slow_failure_is_followed_by_a_pause(
    replays: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause begins when a try has ended, however long it took."""
    monkeypatch.setattr(module, "_RETRY_AFTER", 60.0)
    hold = await replays.approved(action_to(_closed_port()))
    seen: list[dict[str, float]] = []
    async with working(replays) as worker:

        async def remember() -> None:
            seen.append(dict(worker._not_before))

        replays.destinations.meanwhile = remember
        await _given_back(replays, hold, times=1)
        await looked(worker)
        assert set(worker._not_before) == {hold.hold_id}
    assert seen == [{}]


class _Carrying:
    """A session of our own that answers everything."""

    def judge(self, action: ToolAction) -> Judgement:
        """Pass."""
        return Judgement(
            tier=Tier.EXTERNAL, verdict=Verdict.HOLD, reason_id=ReasonId.DEFAULT_TOOL, reason=action.tool
        )

    async def carry(self, action: ToolAction, line: Line) -> Reply:
        """Cross the line, and answer."""
        await line.step_over()
        return Reply(status=200, body=action.body)


@pytest.mark.parametrize("first", [0.0, 3600.0])
async def test_a_tool_call_is_its_agents_first(redis_url: str, authority: Authority, first: float) -> None:
    """After that time, the session that was configured for it carries it."""
    call = ToolCall(server="bank", tool="pay", arguments={})
    action = bind_tool(call, Principal(agent="agent-7"), place="https://bank.example/mcp")
    async with replaying(redis_url, authority) as replays, working(replays) as worker:
        worker.own_courier, worker.agent_first = lambda _: _Carrying(), first
        hold = await replays.world.approve(await replays.world.hold(action))  # type: ignore[arg-type]
        if first:
            await looked(worker, 20)
            assert (await replays.found(hold)).state is State.APPROVED
        else:
            await becomes(replays, hold, State.EXECUTED)
