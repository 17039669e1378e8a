"""What the gate writes to the audit trail, and what passes while it cannot."""

import errno

import pytest

from addons.exchange import Passage
from proxy.audit.settings import OnFailure
from rules.hold import State
from rules.reply import Reply
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.audit.trails import findings, lines, recorder, records
from tests.proxy.gatehouse import NOW, Gatehouse, gatehouse, request
from tests.proxy.redis_child import eventually

FULL = OSError(errno.ENOSPC, "No space left on device")


async def _ended(house: Gatehouse, told: Reply, state: State) -> bool:
    return (await house.find(told)).state is state


async def test_a_call_is_recorded_from_its_verdict_to_its_answer(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """Each step in its order; the attempt before the request; nothing of the body."""
    with recorder() as (audit, folder, _):
        async with gatehouse(redis_url, trust=authority.ca, audit=audit, working=True) as house:
            asked = request(port=upstream.port, fields=NOW, body=b'{"amount": 7, "to": "hunter2"}')
            told = await house.admit(asked)
            assert isinstance(told, Reply)
            await house.admit(asked)
            await house.bring(told, State.APPROVED)
            await eventually(lambda: _ended(house, told, State.EXECUTED), what="it to run")
        audit.trail.close()
        found = records(folder)
        kinds = [record.kind for record in found if record.kind not in ("started", "checkpoint", "stopped")]
        steps = [
            record.facts["event"] for record in found if record.kind in ("decision", "transition", "attempt")
        ]
        assert kinds[:5] == ["verdict", "hold", "verdict", "joined", "decision"]
        assert steps == ["approve", "claim", "send", "send", "answer"]
        assert len({record.facts["digest"] for record in found if "digest" in record.facts}) == 1
        assert next(r for r in found if r.kind == "decision").facts["who"] == "ada"
        assert b"hunter2" not in b"".join(lines(folder))
        assert findings(folder) == []


@pytest.mark.parametrize(
    ("on_failure", "method", "path", "passes"),
    [
        (OnFailure.CONTINUE, "GET", "/drafts", True),
        (OnFailure.CONTINUE, "POST", "/drafts", True),
        (OnFailure.CONTINUE, "POST", "/pay/1", False),
        (OnFailure.STOP, "GET", "/drafts", False),
        (OnFailure.STOP, "POST", "/drafts", False),
        (OnFailure.STOP, "POST", "/pay/1", False),
    ],
)
async def test_what_passes_while_nothing_can_be_recorded(
    redis_url: str, on_failure: OnFailure, method: str, path: str, *, passes: bool
) -> None:
    """Sensitive calls are refused with their own reason and make no hold."""
    with recorder(on_failure=on_failure) as (audit, _, disk):
        async with gatehouse(redis_url, audit=audit) as house:
            disk.fault = FULL
            assert isinstance(await house.admit(request("POST", "/pay/0")), Reply)
            outcome = await house.admit(request(method, path))
            assert isinstance(outcome, Passage) is passes
            if isinstance(outcome, Reply):
                assert outcome.status == 503
                assert b"audit_unavailable" in outcome.body
                assert house.metric("sidegate_failed_closed_total", reason_id="audit_unavailable") >= 1
            assert await house.store.list() == []


async def test_what_was_approved_waits_for_the_trail(
    redis_url: str, authority: Authority, upstream: Upstream
) -> None:
    """No byte leaves, the hold stays approved, and runs once there is room."""
    with recorder() as (audit, folder, disk):
        async with gatehouse(redis_url, trust=authority.ca, audit=audit) as house:
            told = await house.admit(request(port=upstream.port, fields=NOW))
            hold = await house.bring(told, State.APPROVED)
            disk.fault = FULL
            hold = await house.gate.holding.replayer.run(hold)
            assert hold.state is State.APPROVED
            assert "audit trail" in hold.note
            assert upstream.executed == []
            disk.fault = None
            hold = await house.gate.holding.replayer.run(hold)
            assert hold.state is State.EXECUTED
        audit.trail.close()
        assert len(records(folder, "attempt")) == len(upstream.executed) == 1
        assert findings(folder) == []


async def test_a_blocked_call_is_recorded(redis_url: str) -> None:
    """What nobody can approve is what an auditor asks for first."""
    with recorder() as (audit, folder, _):
        async with gatehouse(redis_url, audit=audit) as house:
            await house.admit(request("POST", "/never/1"))
            await house.admit(request("GET", "/drafts"))
        audit.trail.close()
        assert [r.facts["verdict"] for r in records(folder, "verdict")] == ["block"]
