"""What is checked again when an approval is used: policy, integrity, destination, and the approval itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from proxy.destinations import Allowed, Destinations
from proxy.keys.keyring import Keyring
from proxy.keys.sealed import Sealed
from proxy.store.store import Refused
from rules.hold import Event, State
from rules.verdict import Tier
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.drafts import clocks
from tests.proxy.replays import Replays, action_to, replaying, rules

FORBIDDEN = "version: 1\nrules:\n  - {id: no, match: {host: localhost}, forbidden: true}\n"
HIGHER = "version: 1\nrules:\n  - {id: up, match: {host: localhost, body: {amount: {gt: 5}}}, tier: 4}\n"
LOWER = "version: 1\nrules:\n  - {id: down, match: {host: localhost}, tier: 1}\n"
POLICIES = [
    (FORBIDDEN, Tier.HIGH_RISK, "policy: a rule forbids it since"),
    (HIGHER, Tier.EXTERNAL, "policy: it is tier 4 now and was approved as tier 3"),
    (HIGHER, Tier.HIGH_RISK, None),
    (LOWER, Tier.HIGH_RISK, None),
    ("", Tier.HIGH_RISK, None),
]


@pytest.mark.parametrize(("text", "tier", "note"), POLICIES)
async def test_the_policy_of_this_moment(
    redis_url: str, authority: Authority, upstream: Upstream, text: str, tier: Tier, note: str | None
) -> None:
    """An approval counts no further than the rules of the moment in which it is used."""
    async with replaying(redis_url, authority, ruleset=lambda: rules(text)) as replays:
        hold = await replays.approved(action_to(upstream.port), tier=tier)
        ran = await replays.replayer.run(hold)
        assert ran.state is (State.EXECUTED if note is None else State.DRIFT_REFUSED)
        assert ran.note == (note or "")
        assert await replays.store.approved() == []
    assert upstream.connections == (note is None)


async def test_an_action_that_no_longer_reads(replays: Replays, upstream: Upstream) -> None:
    """What the gate would refuse today is not sent either, and the note says why."""
    hold = await replays.ran(action_to(upstream.port, target="/a//b"))
    assert hold.state is State.DRIFT_REFUSED
    assert hold.note.startswith("policy: the path has an empty segment")
    assert upstream.connections == 0


async def test_an_odd_path_runs_as_it_was_approved(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """Where the operator has such paths judged, the approved bytes are the ones that leave."""
    text = "version: 1\nhosts: {localhost: {paths: normalize}}\n"
    target = "/a//b%2Fc/../d;e?f=%2F"
    async with replaying(redis_url, authority, ruleset=lambda: rules(text)) as replays:
        hold = await replays.ran(action_to(upstream.port, target=target))
        assert hold.state is State.EXECUTED
    [received] = upstream.executed
    assert received.head.startswith(f"POST {target} HTTP/1.1\r\n".encode())


SPOILT = [
    ("sealed", b""),
    ("sealed", b"x" * 400),
    ("sealed", None),
    ("digest", b"0" * 64),
    ("tier", b"3"),
    ("reason", b"\xff"),
    ("idempotency_key", b"mine\r\nX-Evil: 1"),
    ("fingerprint", b"0" * 64),
]


@pytest.mark.parametrize(("field", "value"), SPOILT, ids=[f"{f}={v!r:.9}" for f, v in SPOILT])
async def test_a_hold_that_was_altered(
    replays: Replays, upstream: Upstream, field: str, value: bytes | None
) -> None:
    """Whoever writes into the store can keep an action from running, and not change what runs."""
    hold = await replays.approved(action_to(upstream.port))
    key = f"{{sidegate:{replays.world.domain}}}:hold:{hold.hold_id}"
    redis = replays.world.redis
    await (redis.hdel(key, field) if value is None else redis.hset(key, field, value))
    ran = await replays.replayer.run(hold)
    assert ran.state is State.DRIFT_REFUSED
    assert ran.note.startswith("integrity: ")
    assert replays.count("sidegate_integrity_failures_total") == 1
    assert upstream.connections == 0


async def test_a_key_that_is_missing_here(redis_url: str, authority: Authority, upstream: Upstream) -> None:
    """A sidecar that was started with another key ends nobody's hold; it waits for its own key."""
    async with replaying(redis_url, authority) as replays:
        elsewhere = Sealed(Keyring([b"k" * 32], domain=replays.world.domain))
        hold = await replays.approved(action_to(upstream.port))
        kept = await replace(replays.replayer, sealed=elsewhere).run(hold)
        assert kept.state is State.APPROVED
        assert kept.note.startswith("not sent: the key `")
        assert "is not known here: restore it" in kept.note
        assert replays.count("sidegate_integrity_failures_total") == 0
        assert upstream.connections == 0
        assert (await replays.replayer.run(kept)).state is State.EXECUTED


async def test_a_destination_that_was_closed_since(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """An address that agents may not reach any more is not reached by a replay either."""
    closed = Destinations(allowed=Allowed(), named=lambda _: False)
    async with replaying(redis_url, authority, destinations=closed) as replays:
        hold = await replays.ran(action_to(upstream.port))
    assert hold.state is State.APPROVED
    assert hold.note.startswith("not sent: `localhost` is a loopback")
    assert upstream.connections == 0


@pytest.mark.parametrize("state", ["pending", "rejected", "expired"])
async def test_what_is_not_approved_does_not_run(replays: Replays, upstream: Upstream, state: str) -> None:
    """Nothing but an approval leads to a claim."""
    hold = await replays.world.hold(action_to(upstream.port))
    if state != "pending":
        hold = await replays.store.step(hold, Event.REJECT if state == "rejected" else Event.EXPIRE)
    with pytest.raises(Refused, match="state"):
        await replays.replayer.run(hold)
    assert upstream.connections == 0


async def test_an_approval_that_lapsed(redis_url: str, authority: Authority, upstream: Upstream) -> None:
    """An approval is not used after its validity, swept or not."""
    async with replaying(redis_url, authority, clocks=clocks(validity=timedelta(0))) as replays:
        hold = await replays.approved(action_to(upstream.port))
        with pytest.raises(Refused, match="late"):
            await replays.replayer.run(hold)
    assert upstream.connections == 0
