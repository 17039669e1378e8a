"""What an agent hears of its hold: while it waits, when it asks again, and once it is decided."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from addons.exchange import Outcome
from proxy import keeping as keeping_module
from proxy.credentials.credentials import Credentials
from proxy.credentials.sources.stated import FromFile
from proxy.holding import Waiting
from proxy.metrics import Metrics
from proxy.signals import Signals
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store
from rules.headers import Fields
from rules.hold import State
from rules.reply import Reply
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.credentials.requests import header
from tests.proxy.gatehouse import ANSWER, NOW, Gatehouse, crash, gatehouse, hold_id, prefer, request, told
from tests.proxy.redis_child import eventually, redis_child

TOKEN = (b"Authorization", b"Bearer first-token")
INLINE = prefer("wait=20")


@pytest.fixture
async def house(redis_url: str) -> AsyncIterator[Gatehouse]:
    """Give a gate with an approval domain of its own, beside which nothing runs."""
    async with gatehouse(redis_url) as made:
        yield made


@pytest.fixture
async def working(redis_url: str, authority: Authority) -> AsyncIterator[Gatehouse]:
    """Give a gate whose approved holds are run."""
    async with gatehouse(redis_url, trust=authority.ca, working=True) as made:
        yield made


async def settled(house: Gatehouse, outcome: Outcome, state: State) -> None:
    """Wait until the hold is in `state`."""

    async def there() -> bool:
        return (await house.find(outcome)).state is state

    await eventually(there, what=f"the hold to be {state}")


async def opened(house: Gatehouse) -> str:
    """Wait for the one hold and give its id."""

    async def first() -> str | None:
        return next((hold.hold_id for hold in await house.store.list()), None)

    return str(await eventually(first, what="the hold"))


SAME: dict[str, tuple[Fields, bytes]] = {
    "byte for byte": ((), b'{"amount": 7, "to": "acct_1"}'),
    "json written anew": ((), b'{"to":"acct_1","amount":7}'),
    "another client": (((b"User-Agent", b"other/2"), (b"traceparent", b"00-1-1-00")), b""),
    "a new token": (((b"Authorization", b"Bearer other"), (b"Cookie", b"a=b")), b""),
    "another patience": (prefer("wait=0", "respond-async"), b""),
    "another idempotency key": (((b"Idempotency-Key", b"k-2"),), b""),
}


@pytest.mark.parametrize("case", SAME)
async def test_an_honest_retry_joins(house: Gatehouse, case: str) -> None:
    """The same meaning is the same hold, with one attempt more."""
    fields, body = SAME[case]
    first = await house.admit(request(fields=(*NOW, TOKEN)))
    again = await house.admit(request(fields=(*NOW, *fields), body=body or b'{"amount": 7, "to": "acct_1"}'))
    assert hold_id(again) == hold_id(first)
    assert told(again)["attempts"] == 2
    assert house.metric("sidegate_retries_joined_total") == 1


OTHER = {
    "another amount": request(fields=NOW, body=b'{"amount": 8, "to": "acct_1"}'),
    "another type": request(fields=NOW, body=b'{"amount": "7", "to": "acct_1"}'),
    "another path": request("POST", "/pay/2", fields=NOW),
    "another method": request("PUT", fields=NOW),
    "another port": request(port=10, fields=NOW),
    "a query": request("POST", "/pay/1?dry=no", fields=NOW),
    "another account": request(fields=(*NOW, (b"Stripe-Account", b"acct_2"))),
}


@pytest.mark.parametrize("case", OTHER)
async def test_another_meaning_is_another_hold(house: Gatehouse, case: str) -> None:
    """Whatever would change what happens is not covered by an earlier hold."""
    first = await house.admit(request(fields=NOW))
    assert hold_id(await house.admit(OTHER[case])) != hold_id(first)


async def test_another_agent_has_another_hold(redis_url: str) -> None:
    """Two agents that ask for the same share neither hold nor outcome."""
    async with (
        gatehouse(redis_url, domain="shared") as one,
        gatehouse(redis_url, domain="shared", agent="agent-2") as two,
    ):
        first, second = [await house.admit(request(fields=NOW)) for house in (one, two)]
        assert hold_id(first) != hold_id(second)


class Patience(Signals):
    """Signals without a signal: what is waited passes at once, and is counted."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        super().__init__(store, metrics)
        self.now = 0.0

    async def anything(self, *, within: float = 1.0) -> None:
        """Let up to a second pass."""
        self.now += min(within, 1.0)


PATIENCE: dict[str, tuple[Fields, float, int]] = {
    "nothing said": ((), 20.0, 403),
    "an own wait": (prefer("wait=7"), 7.0, 403),
    "no wait": (prefer("wait=0"), 0.0, 403),
    "over the cap": (prefer("wait=3600"), 30.0, 403),
    "far over the cap": (prefer("wait=" + "9" * 400), 30.0, 403),
    "upper case": (prefer("WAIT=3"), 3.0, 403),
    "quoted": (prefer('wait="3"'), 3.0, 403),
    "with a parameter": (prefer("wait=3; foo=1"), 3.0, 403),
    "after another preference": (prefer("return=minimal, wait=3"), 3.0, 403),
    "in a second field": (prefer("return=minimal", "wait=3"), 3.0, 403),
    "twice: the first counts": (prefer("wait=3, wait=9"), 3.0, 403),
    "negative": (prefer("wait=-1"), 20.0, 403),
    "a fraction": (prefer("wait=1.5"), 20.0, 403),
    "empty": (prefer("wait="), 20.0, 403),
    "words": (prefer("wait=soon"), 20.0, 403),
    "digits of another alphabet": (prefer("wait=\xb2"), 20.0, 403),
    "garbage": (prefer(",,;=,\xff"), 20.0, 403),
    "the upstream's preference": (prefer("return=representation"), 20.0, 403),
    "respond-async": (prefer("respond-async"), 0.0, 202),
    "respond-async after a wait": (prefer("respond-async, wait=4"), 4.0, 202),
}


@pytest.mark.parametrize("case", PATIENCE)
async def test_how_long_a_request_waits(redis_url: str, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7240 `wait` up to the configured cap; a 202 only for those who asked for it."""
    fields, seconds, status = PATIENCE[case]
    made: list[Patience] = []

    def patience(store: Store, metrics: Metrics) -> Patience:
        made.append(Patience(store, metrics))
        return made[0]

    monkeypatch.setattr(keeping_module, "monotonic", lambda: made[0].now)
    async with gatehouse(redis_url, waiting=Waiting(usual=20.0, most=30.0), signals=patience) as house:
        outcome = await house.admit(request(fields=fields))
    assert made[0].now == pytest.approx(seconds)
    assert isinstance(outcome, Reply)
    assert outcome.status == status
    assert told(outcome)["state"] == "pending"


async def test_a_waiting_request_hears_the_real_answer(working: Gatehouse, upstream: Upstream) -> None:
    """Approved while it waits, it is answered with what the upstream said, and only it is told so."""
    waiting = asyncio.Task(working.admit(request(port=upstream.port, fields=INLINE)))
    hold = await working.store.find(await opened(working))
    assert hold is not None
    assert not waiting.done()
    await working.bring(standing_of(hold.hold_id), State.APPROVED)
    answer = await asyncio.wait_for(waiting, 10)
    assert isinstance(answer, Reply)
    assert answer.status == 201
    assert (await working.find(standing_of(hold.hold_id))).collected
    assert upstream.count("POST") == 1


def standing_of(hold: str) -> Reply:
    """An answer that names a hold, for what takes its id from one."""
    return Reply(status=403, body=b'{"hold_id": "%s"}' % hold.encode())


async def test_a_waiting_request_hears_a_rejection(working: Gatehouse) -> None:
    """Rejected while it waits, it hears so at once."""
    waiting = asyncio.Task(working.admit(request(fields=INLINE)))
    await working.bring(standing_of(await opened(working)), State.REJECTED)
    outcome = await asyncio.wait_for(waiting, 10)
    assert told(outcome)["state"] == "rejected"
    assert told(outcome)["decision_reason"] == "because"


async def test_a_client_that_left_has_heard_nothing(working: Gatehouse, upstream: Upstream) -> None:
    """What was decided after the client went is kept for its next request."""
    gone = asyncio.Event()
    waiting = asyncio.Task(
        working.admit(request(port=upstream.port, fields=INLINE, gone=gone.is_set)),
    )
    hold = standing_of(await opened(working))
    gone.set()
    working.signals.wake()
    await asyncio.wait_for(waiting, 10)
    await working.bring(hold, State.APPROVED)
    await settled(working, hold, State.EXECUTED)
    assert not (await working.find(hold)).collected
    answer = await working.admit(request(port=upstream.port, fields=NOW))
    assert isinstance(answer, Reply)
    assert answer.status == 201
    assert upstream.count("POST") == 1


async def test_a_client_that_leaves_as_the_answer_comes(house: Gatehouse) -> None:
    """An outcome that is there when the client has gone is not taken for told."""
    first = await house.admit(request(fields=NOW))
    await house.bring(first, State.EXECUTED)
    await house.admit(request(fields=NOW, gone=lambda: True))
    assert not (await house.find(first)).collected
    assert await house.admit(request(fields=NOW)) == ANSWER


async def test_a_drain_ends_every_wait(working: Gatehouse) -> None:
    """When the sidecar stops, whoever waits hears at once that the action is held."""
    waiting = asyncio.Task(working.admit(request(fields=INLINE)))
    await opened(working)
    working.signals.draining = True
    working.signals.wake()
    outcome = await asyncio.wait_for(waiting, 5)
    assert told(outcome)["state"] == "pending"


ONCE = (State.EXECUTED, State.EXECUTION_ERROR, State.EXPIRED, State.DRIFT_REFUSED, State.KILLED)


@pytest.mark.parametrize("state", ONCE)
async def test_an_outcome_is_told_once(house: Gatehouse, state: State) -> None:
    """The first identical request hears it; the next one is a new request and a new hold."""
    first = await house.admit(request(fields=NOW))
    await house.bring(first, state)
    heard = await house.admit(request(fields=NOW))
    if state in (State.EXECUTED, State.EXECUTION_ERROR):
        assert heard == ANSWER
    else:
        assert (told(heard)["state"], hold_id(heard)) == (state, hold_id(first))
    fresh = await house.admit(request(fields=NOW))
    assert (told(fresh)["state"], hold_id(fresh) == hold_id(first)) == ("pending", False)


@pytest.mark.parametrize("state", [State.REJECTED, State.OUTCOME_UNKNOWN])
async def test_a_denial_and_a_doubt_are_told_every_time(house: Gatehouse, state: State) -> None:
    """Neither is forgotten: the same request never opens a second hold."""
    first = await house.admit(request(fields=NOW))
    await house.bring(first, state)
    for _ in range(3):
        heard = await house.admit(request(fields=(*NOW, *prefer("respond-async"))))
        assert (told(heard)["state"], hold_id(heard)) == (state, hold_id(first))
        assert isinstance(heard, Reply)
        assert heard.status == 403
    assert len(await house.store.list()) == 1


async def test_everybody_who_waits_hears_the_answer(working: Gatehouse) -> None:
    """A client that gave up on one connection and asks on another hears it on the live one."""
    waiting = [asyncio.Task(working.admit(request(fields=INLINE))) for _ in range(3)]
    hold = standing_of(await opened(working))

    async def joined() -> bool:
        return (await working.find(hold)).attempts == 3

    await eventually(joined, what="all three")
    await working.bring(hold, State.REJECTED)
    assert {told(outcome)["state"] for outcome in await asyncio.gather(*waiting)} == {"rejected"}


async def test_a_spoiled_answer_is_never_told_as_not_executed(
    house: Gatehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """The action ran: whoever altered its answer cannot make the agent do it again."""
    first = await house.admit(request(fields=NOW))
    hold = await house.bring(first, State.EXECUTED)
    sealed = await house.store.sealed(hold.hold_id, part="answer")
    assert sealed is not None
    await spoil(house, hold.hold_id, b"answer", sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with caplog.at_level(logging.ERROR):
        for number in (1, 2):
            heard = told(await house.admit(request(fields=NOW)))
            assert (heard["hold_id"], heard["executed"]) == (hold.hold_id, True)
            assert house.metric("sidegate_integrity_failures_total") == number
    assert not (await house.find(first)).collected
    assert "gate.integrity" in caplog.text


async def spoil(house: Gatehouse, hold: str, field: bytes, value: bytes) -> None:
    """Write into the stored hold, past everything that guards it."""
    redis, prefix = house.store._redis, house.store._prefix
    await redis.hset(f"{prefix}:hold:{hold}", field.decode(), value)


async def test_a_store_that_goes_while_the_agent_waits() -> None:
    """The hold exists, so the answer is neither a refusal nor an outcome."""
    async with redis_child() as child, gatehouse(child.url) as house:
        waiting = asyncio.Task(house.admit(request(fields=INLINE)))
        hold = await opened(house)
        crash(child)
        outcome = await asyncio.wait_for(waiting, 10)
        members = told(outcome)
        assert isinstance(outcome, Reply)
        assert (outcome.status, members["hold_id"], members["executed"]) == (503, hold, None)
        assert house.metric("sidegate_failed_closed_total", reason_id="store_unavailable") == 1
        await child.revive()
        assert hold_id(await house.admit(request(fields=NOW))) == hold


async def test_an_answer_at_hand_is_told_though_the_store_goes(
    house: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better told twice than not at all: the agent has no other way to learn that it ran."""
    first = await house.admit(request(fields=NOW))
    await house.bring(first, State.EXECUTED)

    async def away(*_: object) -> bool:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "collect", away)
        assert await house.admit(request(fields=NOW)) == ANSWER
    assert await house.admit(request(fields=NOW)) == ANSWER
    assert told(await house.admit(request(fields=NOW)))["state"] == "pending"


async def test_a_configured_credential_runs_what_was_held(
    redis_url: str, authority: Authority, upstream: Upstream, tmp_path: Path
) -> None:
    """What it was held under is bound to its seal, which opens for the worker; ours goes out."""
    (tmp_path / "key").write_text("ours")
    credentials = Credentials({"localhost": (header(FromFile(tmp_path / "key")),)})
    async with gatehouse(redis_url, trust=authority.ca, working=True, credentials=credentials) as house:
        held = await house.admit(request(port=upstream.port, fields=(*NOW, TOKEN)))
        hold = await house.bring(held, State.APPROVED)
        assert hold.credential == "bank@ours"
        await settled(house, held, State.EXECUTED)
        assert (await house.find(held)).credential_used == "bank@ours"
    [ran] = upstream.executed
    assert [value for name, value in ran.headers if name == "Authorization"] == ["Bearer ours"]


async def test_the_agents_own_retry_supplies_its_credentials(working: Gatehouse, upstream: Upstream) -> None:
    """Without a provider, an approved call runs with the live token of the same agent's retry."""
    key = (b"X-House-Key", b"house-1")
    first = await working.admit(request(port=upstream.port, fields=(*NOW, TOKEN, key)))
    await working.bring(first, State.APPROVED)
    insufficient: dict[str, Fields] = {
        "none": (),
        "one of two": (TOKEN,),
        "one more": (TOKEN, key, (b"Cookie", b"a=b")),
    }
    for case, fields in insufficient.items():
        heard = await working.admit(request(port=upstream.port, fields=(*NOW, *fields)))
        assert told(heard)["state"] == "approved", case
    assert upstream.connections == 0
    fresh = (b"authorization", b"Bearer second-token")
    ran = await working.admit(request(port=upstream.port, fields=(*NOW, fresh, (b"X-HOUSE-KEY", b"house-2"))))
    assert isinstance(ran, Reply)
    assert ran.status == 201
    (received,) = upstream.executed
    assert received.values("Authorization") == ["Bearer second-token"]
    assert received.values("X-House-Key") == ["house-2"]


async def test_a_retry_that_cannot_connect_is_not_tried_without_end(
    working: Gatehouse, authority: Authority
) -> None:
    """Given back unsent, the hold waits a while; the agent's patience is not spent hammering the host."""
    with Upstream(authority.issue()) as gone:
        port = gone.port
    first = await working.admit(request(port=port, fields=(*NOW, TOKEN)))
    await working.bring(first, State.APPROVED)
    heard = await working.admit(request(port=port, fields=(*prefer("wait=2"), TOKEN)))
    members = told(heard)
    assert (members["state"], members["executed"]) == ("approved", False)
    assert str(members["note"]).startswith("not sent: ")
    assert (await working.find(first)).fence == 1


async def test_a_spoiled_action_is_not_run_by_a_retry(working: Gatehouse, upstream: Upstream) -> None:
    """An approved hold that does not open any more is refused as changed, and nothing is sent."""
    asked = request(port=upstream.port, fields=(*prefer("wait=10"), TOKEN))
    first = await working.admit(request(port=upstream.port, fields=(*NOW, TOKEN)))
    await spoil(working, hold_id(first), b"sealed", b"\0" * 64)
    await working.bring(first, State.APPROVED)
    heard = told(await working.admit(asked))
    assert (heard["state"], heard["executed"]) == ("drift_refused", False)
    assert upstream.connections == 0
    assert working.metric("sidegate_integrity_failures_total") == 1
