"""Failures of the gate that nobody foresaw, once a hold was made: nothing is denied, nothing sent twice."""

from dataclasses import replace

import pytest

from proxy.keys.sealed import Sealed
from proxy.signals import Signals
from rules.hold import Hold, State
from rules.reply import Reply
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.gatehouse import NOW, gatehouse, prefer, request, told

TOKEN = (b"Authorization", b"Bearer first-token")
SECRET = "secret-of-the-request"


class Failing(Signals):
    """What wakes those who wait, with a fault in it."""

    async def anything(self, *, within: float = 1.0) -> None:
        """Fail as nobody foresaw."""
        raise RuntimeError(SECRET)


async def test_a_failure_after_the_hold_was_made(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whether it was sent meanwhile, the gate cannot say, so it does not say no; the hold is named."""
    async with gatehouse(redis_url, signals=Failing) as house:
        heard = await house.admit(request(fields=prefer("wait=20")))
        members = told(heard)
        assert isinstance(heard, Reply)
        assert (heard.status, members["executed"], members["reason_id"]) == (503, None, "gate_failed")
        assert [hold.hold_id for hold in await house.store.list()] == [members["hold_id"]]
        assert "nothing was sent" not in str(members["detail"])
        assert house.metric("sidegate_failed_closed_total", reason_id="gate_failed") == 1
    assert "gate.failed error=RuntimeError" in caplog.text
    assert SECRET not in caplog.text + str(members)


class Unclosing(Sealed):
    """Seals no answer."""

    def close_answer(self, hold: Hold, answer: Reply) -> bytes:
        """Fail as nobody foresaw."""
        raise RuntimeError(SECRET)


async def test_a_failure_in_a_replay_with_the_agents_credentials(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """The agent hears that it may be running; nothing is said to be unsent, nothing is sent twice."""
    async with gatehouse(redis_url, trust=authority.ca) as house:
        holding = house.gate.holding
        replayer = replace(holding.replayer, sealed=Unclosing(house.sealed.keyring))
        failing = replace(house, gate=replace(house.gate, holding=replace(holding, replayer=replayer)))
        first = await house.admit(request(port=upstream.port, fields=(*NOW, TOKEN)))
        await house.bring(first, State.APPROVED)
        members = told(await failing.admit(request(port=upstream.port, fields=(*prefer("wait=1"), TOKEN))))
        assert (members["state"], members["executed"]) == ("sending", None)
        assert house.metric("sidegate_replay_failures_total") == 1
    assert upstream.count() == 1
