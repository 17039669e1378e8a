"""Unknown outcomes found out: by a repetition under a promise, by a read, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from proxy.replay.unknowns import Unknowns
from proxy.signals import Signals
from rules.hold import Event, Hold, State
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.redis_child import eventually
from tests.proxy.replays import Replays, action_to, replaying, rules

HOUR = 3_600_000
YOUNG, OLD = timedelta(0), timedelta(seconds=21)
"""Before and after a first sending could still arrive: these replayers give an upstream 20 s."""

RULE = """
version: 1
rules:
  - id: pay
    match: {{host: localhost, method: POST, path: "/**"}}
    tier: 4
{lines}
"""
PROMISE = "    idempotency: {header: X-Once, window: 24h, mismatch: error, scope: account}"
SHOWS = "    verify: {{path: /status/{status}, executed: {{status: 200}}, not_executed: {{status: 404}}}}"


def shows(status: int) -> str:
    """A rule's `verify` whose read is answered with `status`."""
    return SHOWS.format(status=status)


@asynccontextmanager
async def under(url: str, authority: Authority, *lines: str) -> AsyncIterator[tuple[Replays, Unknowns]]:
    """A domain under a rule with `lines`, and who looks into its unknown outcomes."""
    text = RULE.format(lines="\n".join(lines))
    async with replaying(url, authority, ruleset=lambda: rules(text)) as replays:
        yield replays, looking(replays)


def looking(replays: Replays) -> Unknowns:
    """One more process that looks."""
    signals = Signals(replays.store, replays.world.metrics)
    return Unknowns(signals=signals, replayer=replays.replayer, tasks=replays.replayer.tasks)


async def lost(replays: Replays, port: int, **how: Any) -> Hold:
    """A hold whose first sending was lost, though the upstream has nothing of it."""
    hold = await replays.approved(action_to(port, target=how.get("target", "/pay")))
    claimed = await replays.store.step(hold, Event.CLAIM)
    fields = {"sends": b"01JDB2X1V5Q0000000000000AA", "keyed_by": str(how.get("header", "X-Once")).encode()}
    times = {"resend_by": how.get("window", HOUR)}
    sent = await replays.store.step(claimed, Event.SEND, fields=fields, times=times)
    return await replays.store.step(sent, Event.LOSE)


async def test_under_a_promise_it_is_sent_again(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """With the same key in the same header, once, and its answer is the outcome."""
    async with under(redis_url, authority, PROMISE) as (replays, unknowns):
        hold = await lost(replays, upstream.port)
        await unknowns.find_out(hold.hold_id, YOUNG)
        found = await replays.found(hold)
        assert (found.state, found.fence, len(found.sends)) == (State.EXECUTED, 2, 2)
        await unknowns.find_out(hold.hold_id, OLD)
    [received] = upstream.executed
    assert received.values("X-Once") == [hold.idempotency_key]


async def test_several_processes_send_it_once(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """All of them try at the same moment."""
    async with under(redis_url, authority, PROMISE) as (replays, _):
        for _ in range(5):
            hold = await lost(replays, upstream.port)
            before = upstream.count()
            await asyncio.gather(*(looking(replays).find_out(hold.hold_id, YOUNG) for _ in range(4)))
            assert (await replays.found(hold)).state is State.EXECUTED
            assert upstream.count() == before + 1


NEVER = '  - {id: never, match: {host: localhost, path: "/**"}, forbidden: true}'
NOT_REPEATED: dict[str, tuple[str, dict[str, Any]]] = {
    "no promise": ("    reason: moves money", {}),
    "the window is over": (PROMISE, {"window": 0}),
    "another header then": (PROMISE, {"header": "Idempotency-Key"}),
    "forbidden since": (PROMISE, {}),
}


@pytest.mark.parametrize("case", NOT_REPEATED)
async def test_without_one_it_is_not(
    redis_url: str, authority: Authority, upstream: Upstream, case: str
) -> None:
    """Whatever is not promised for exactly this key is left to people."""
    lines, how = NOT_REPEATED[case]
    async with under(redis_url, authority, lines) as (replays, unknowns):
        hold = await lost(replays, upstream.port, **how)
        if case == "forbidden since":
            never = RULE.format(lines=PROMISE) + NEVER
            object.__setattr__(replays.replayer, "ruleset", lambda: rules(never))
        await unknowns.find_out(hold.hold_id, OLD)
        assert (await replays.found(hold)).state is State.OUTCOME_UNKNOWN
    assert not upstream.executed


async def test_the_kill_switch_stops_a_repetition(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """In the step itself, so no later than any other sending."""
    async with under(redis_url, authority, PROMISE) as (replays, unknowns):
        hold = await lost(replays, upstream.port)
        await replays.store.kill("stop")
        await unknowns.find_out(hold.hold_id, YOUNG)
        assert (await replays.found(hold)).state is State.OUTCOME_UNKNOWN
        await replays.store.kill(None)
    assert not upstream.executed


@pytest.mark.parametrize("status", [400, 401, 409, 412, 422, 429, 500, 503])
async def test_an_answer_that_tells_nothing(
    redis_url: str, authority: Authority, upstream: Upstream, status: int
) -> None:
    """The first one may be running still, or have run: it stays unknown, with what was heard."""
    async with under(redis_url, authority, PROMISE) as (replays, unknowns):
        hold = await lost(replays, upstream.port, target=f"/status/{status}")
        await unknowns.find_out(hold.hold_id, YOUNG)
        found = await replays.found(hold)
        assert found.state is State.OUTCOME_UNKNOWN
        assert found.note.startswith(f"the upstream answered {status} to the repetition")


FOUND = {
    "it ran": (200, YOUNG, State.EXECUTED),
    "it did not": (404, OLD, State.APPROVED),
    "it did not yet": (404, YOUNG, State.OUTCOME_UNKNOWN),
    "nobody can tell": (204, OLD, State.OUTCOME_UNKNOWN),
    "not now": (503, OLD, State.OUTCOME_UNKNOWN),
}


@pytest.mark.parametrize("case", FOUND)
async def test_what_a_read_shows(redis_url: str, authority: Authority, upstream: Upstream, case: str) -> None:
    """That it ran is believed at once; that it did not, only when it cannot arrive any more."""
    status, age, state = FOUND[case]
    async with under(redis_url, authority, shows(status)) as (replays, unknowns):
        hold = await lost(replays, upstream.port)
        await unknowns.find_out(hold.hold_id, age)
        found = await replays.found(hold)
        assert found.state is state
        assert found.resolved_by == ("" if state is State.OUTCOME_UNKNOWN else "probe")
        if state is State.APPROVED:
            assert (await replays.replayer.run(found)).state is State.EXECUTED
    assert upstream.count("POST") == (1 if state is State.APPROVED else 0)


async def test_it_did_not_run_and_its_approval_has_lapsed(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """It is not sent any more, and everybody hears that it did not run."""
    async with under(redis_url, authority, shows(404)) as (replays, unknowns):
        hold = await lost(replays, upstream.port)
        key = f"{{sidegate:{replays.world.domain}}}:hold:{hold.hold_id}"
        await replays.world.redis.hset(key, "run_by", 1)
        await unknowns.find_out(hold.hold_id, OLD)
        assert (await replays.found(hold)).state is State.NOT_EXECUTED


async def test_a_read_that_nobody_would_let_pass(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """Sidegate asks no one before it, so it only ever reads."""
    held = "  - {id: look, match: {host: localhost, method: GET, path: /status/200}, tier: 3}"
    async with under(redis_url, authority, shows(200), held) as (replays, unknowns):
        hold = await lost(replays, upstream.port)
        await unknowns.find_out(hold.hold_id, OLD)
        assert (await replays.found(hold)).state is State.OUTCOME_UNKNOWN
    assert upstream.connections == 0


async def test_it_looks_by_itself(redis_url: str, authority: Authority, upstream: Upstream) -> None:
    """Each hold whose outcome is unknown, when it becomes so."""
    async with under(redis_url, authority, PROMISE) as (replays, unknowns):
        watching = replays.replayer.tasks.create_task(unknowns.watch())
        hold = await lost(replays, upstream.port)

        async def executed() -> bool:
            return (await replays.found(hold)).state is State.EXECUTED

        await eventually(executed, what="the repetition")
        watching.cancel()
    assert upstream.count() == 1
