"""The agent's status address: its own holds, everything else does not exist."""

import pytest

from addons.exchange import Request
from rules.hold import State
from rules.message import Message
from rules.reply import Reply, as_json
from tests.proxy.gatehouse import ANSWER, BODY, NOW, Gatehouse, crash, gatehouse, hold_id, request, told
from tests.proxy.redis_child import redis_child

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def look(path: str, *, method: str = "GET", scheme: str = "http") -> Request:
    """A request to the status address; its body is empty."""
    port = {"http": 80, "https": 443}[scheme]
    message = Message(
        scheme=scheme,
        host="sidegate.internal",
        port=port,
        sni="sidegate.internal" if scheme == "https" else None,
        method=method.encode(),
        target=path.encode(),
        fields=((b"Host", b"sidegate.internal"),),
        body=b"",
    )
    return Request(message=message, gone=lambda: False)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_own_hold(house: Gatehouse, scheme: str) -> None:
    """It says how the hold stands, over either scheme, and nothing of what is sealed."""
    held = await house.admit(request(fields=(*NOW, (b"Authorization", b"Bearer token-1"))))
    outcome = await house.admit(look(f"/holds/{hold_id(held)}", scheme=scheme))
    members = told(outcome)
    assert isinstance(outcome, Reply)
    assert outcome.status == 200
    assert (members["state"], members["executed"], members["answer"]) == ("pending", False, None)
    assert members["status_url"] == f"http://sidegate.internal/holds/{hold_id(held)}"
    assert (b"Cache-Control", b"no-store") in outcome.fields
    assert b"token-1" not in outcome.body
    assert BODY not in outcome.body


STATES = [State.REJECTED, State.EXPIRED, State.KILLED, State.DRIFT_REFUSED, State.OUTCOME_UNKNOWN]


@pytest.mark.parametrize("state", STATES)
async def test_every_state_has_its_words(house: Gatehouse, state: State) -> None:
    """A look changes nothing: the next identical request still hears the outcome."""
    held = await house.admit(request(fields=NOW))
    await house.bring(held, state)
    for _ in range(2):
        assert told(await house.admit(look(f"/holds/{hold_id(held)}")))["state"] == state
    assert told(await house.admit(request(fields=NOW)))["hold_id"] == hold_id(held)


@pytest.mark.parametrize("state", [State.EXECUTED, State.EXECUTION_ERROR])
async def test_the_answer_is_there_as_often_as_it_is_read(house: Gatehouse, state: State) -> None:
    """Reading it here does not use up the answer that the next identical request gets."""
    held = await house.admit(request(fields=NOW))
    await house.bring(held, state)
    for _ in range(2):
        members = told(await house.admit(look(f"/holds/{hold_id(held)}")))
        assert (members["executed"], members["answer"]) == (True, as_json(ANSWER))
    assert await house.admit(request(fields=NOW)) == ANSWER


async def test_anybody_elses_hold_does_not_exist(redis_url: str) -> None:
    """The same answer as for an id that never was, to the byte."""
    async with (
        gatehouse(redis_url, domain="shared") as one,
        gatehouse(redis_url, domain="shared", agent="agent-2") as two,
    ):
        held = await one.admit(request(fields=NOW))
        foreign = await two.admit(look(f"/holds/{hold_id(held)}"))
        unknown = await two.admit(look(f"/holds/{UNKNOWN}"))
        assert isinstance(foreign, Reply)
        assert (foreign, foreign.status) == (unknown, 404)


MALFORMED = {
    "the root": "/",
    "no id": "/holds",
    "an empty id": "/holds/",
    "an id below": f"/holds/{UNKNOWN}/approve",
    "another collection": f"/holdings/{UNKNOWN}",
    "the api": "/api/holds",
    "another key of the store": "/holds/x:y",
    "a pattern": "/holds/*",
    "an id in small letters": f"/holds/{UNKNOWN.lower()}",
    "an endless id": "/holds/" + "A" * 10_000,
    "not ascii": "/holds/%C3%A9",
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_there_is_nothing_else(house: Gatehouse, case: str) -> None:
    """404, whatever is asked for."""
    outcome = await house.admit(look(MALFORMED[case]))
    assert isinstance(outcome, Reply)
    assert outcome.status == 404


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "PATCH"])
async def test_it_decides_nothing(house: Gatehouse, method: str) -> None:
    """No method but GET and DELETE does anything: there is no approval here."""
    held = await house.admit(request(fields=NOW))
    for path in (f"/holds/{hold_id(held)}", f"/holds/{hold_id(held)}/approve"):
        outcome = await house.admit(look(path, method=method))
        assert isinstance(outcome, Reply)
        assert outcome.status == 404
    assert (await house.find(held)).state is State.PENDING


@pytest.mark.parametrize("state", [State.PENDING, State.APPROVED])
async def test_an_agent_takes_its_own_hold_back(house: Gatehouse, state: State) -> None:
    """It hears that at once, nobody can run it any more, and the same request is held anew."""
    held = await house.admit(request(fields=NOW))
    if state is State.APPROVED:
        await house.bring(held, state)
    outcome = await house.admit(look(f"/holds/{hold_id(held)}", method="DELETE"))
    assert isinstance(outcome, Reply)
    assert outcome.status == 200
    assert (told(outcome)["state"], told(outcome)["executed"]) == ("cancelled", False)
    assert (await house.find(held)).note == "its agent took it back"
    assert hold_id(await house.admit(request(fields=NOW))) != hold_id(held)
    again = await house.admit(look(f"/holds/{hold_id(held)}", method="DELETE"))
    assert isinstance(again, Reply)
    assert (again.status, told(again)["state"]) == (409, "cancelled")


@pytest.mark.parametrize("state", [State.OUTCOME_UNKNOWN, State.EXECUTED, State.REJECTED])
async def test_what_is_over_is_not_taken_back(house: Gatehouse, state: State) -> None:
    """The agent hears how it stands; a rejection stays one."""
    held = await house.admit(request(fields=NOW))
    await house.bring(held, state)
    outcome = await house.admit(look(f"/holds/{hold_id(held)}", method="DELETE"))
    assert isinstance(outcome, Reply)
    assert (outcome.status, told(outcome)["state"]) == (409, state)
    assert (await house.find(held)).state is state


async def test_another_agents_hold_is_not_taken_back(redis_url: str) -> None:
    """It does not exist for anybody else."""
    async with (
        gatehouse(redis_url, domain="shared-cancel") as house,
        gatehouse(redis_url, domain="shared-cancel", agent="agent-2") as other,
    ):
        held = await house.admit(request(fields=NOW))
        outcome = await other.admit(look(f"/holds/{hold_id(held)}", method="DELETE"))
        assert isinstance(outcome, Reply)
        assert outcome.status == 404
        assert (await house.find(held)).state is State.PENDING


async def test_the_store_is_away() -> None:
    """503 instead of a 404 that would say that the hold is gone."""
    async with redis_child() as child, gatehouse(child.url) as house:
        held = await house.admit(request(fields=NOW))
        crash(child)
        outcome = await house.admit(look(f"/holds/{hold_id(held)}"))
        assert isinstance(outcome, Reply)
        assert (outcome.status, told(outcome)["reason_id"]) == (503, "store_unavailable")


@pytest.mark.parametrize(("part", "status"), [("sealed", 404), ("answer", 200)])
async def test_what_was_altered_is_not_shown(house: Gatehouse, part: str, status: int) -> None:
    """A spoiled action has no owner; beside a spoiled answer the state is still the truth."""
    held = await house.admit(request(fields=NOW))
    hold = await house.bring(held, State.EXECUTED)
    redis, prefix = house.store._redis, house.store._prefix
    await redis.hset(f"{prefix}:hold:{hold.hold_id}", part, b"\0" * 80)
    outcome = await house.admit(look(f"/holds/{hold.hold_id}"))
    assert isinstance(outcome, Reply)
    assert outcome.status == status
    assert house.metric("sidegate_integrity_failures_total") == 1
    if status == 200:
        assert (told(outcome)["executed"], told(outcome)["answer"]) == (True, None)
