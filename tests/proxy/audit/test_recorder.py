"""What the parts of a sidecar hear from the audit trail."""

import errno
from dataclasses import replace

import pytest

from proxy.audit import trail as module
from proxy.audit.recorder import UNRECORDED
from proxy.audit.segments import AuditError
from proxy.audit.settings import OnFailure
from rules.audit.record import Kind
from rules.hold import Event, State
from rules.talk import Kind as Saying
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.proxy.audit.trails import recorder, records
from tests.rules.audit.test_facts import DECIDED, HOLD
from tests.rules.calls import http

CALL = http("POST a.example/x")
FULL = OSError(errno.ENOSPC, "No space left on device")


def judged(tier: Tier, verdict: Verdict = Verdict.PASS) -> Judgement:
    """A judgement."""
    return Judgement(tier=tier, verdict=verdict, reason_id=ReasonId.RULE, reason="r")


@pytest.mark.parametrize("on_failure", OnFailure)
@pytest.mark.parametrize("tier", Tier)
async def test_who_goes_on_while_nothing_can_be_written(tier: Tier, on_failure: OnFailure) -> None:
    """Tiers 3 and 4 never, the others as configured."""
    with recorder(on_failure=on_failure) as (told, _, disk):
        disk.fault = FULL
        with pytest.raises(AuditError):
            await told.trail.record(Kind.NOTE, {})
        refusal = (
            told.read(CALL, judged(tier)) if tier is Tier.READ_ONLY else await told.judged(CALL, judged(tier))
        )
        stops = tier >= Tier.EXTERNAL or on_failure is OnFailure.STOP
        assert refusal == (UNRECORDED if stops else None)


@pytest.mark.parametrize("on_failure", OnFailure)
async def test_a_full_queue_stops_reversible_calls_as_configured(
    on_failure: OnFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is dropped in silence."""
    with recorder(on_failure=on_failure) as (told, _, _disk):
        monkeypatch.setattr(module, "_MOST_WAITING", 0)
        refusal = await told.judged(CALL, judged(Tier.REVERSIBLE))
        assert refusal == (UNRECORDED if on_failure is OnFailure.STOP else None)


async def test_all_goes_on_and_is_recorded() -> None:
    """Verdicts above reads, holds, steps, decisions, attempts, and what people do besides."""
    with recorder() as (told, folder, _):
        assert told.read(CALL, judged(Tier.READ_ONLY)) is None
        assert await told.judged(CALL, judged(Tier.REVERSIBLE)) is None
        assert await told.judged(CALL, judged(Tier.HIGH_RISK, Verdict.HOLD)) is None
        told.blocked(CALL, judged(Tier.HIGH_RISK, Verdict.BLOCK))
        told.opened(HOLD, new=True)
        told.opened(replace(HOLD, attempts=2), new=False)
        told.stepped(DECIDED, Event.APPROVE, by="ada")
        told.stepped(replace(HOLD, state=State.CLAIMED), Event.CLAIM, by="")
        told.said(HOLD, Saying.ANSWER, by="")
        told.person(Kind.LOGIN, "ada", ok=True)
        await told.sending(HOLD, attempt="A", event="send")
        kinds = [record.kind for record in records(folder)][2:]
    expected = [
        "verdict",
        "verdict",
        "verdict",
        "hold",
        "joined",
        "decision",
        "transition",
        "talk",
        "login",
        "attempt",
    ]
    assert kinds == expected


@pytest.mark.parametrize(("chance", "count"), [(0.05, 1), (0.2, 0)])
async def test_a_share_of_reads_is_recorded(chance: float, count: int) -> None:
    """As many as configured, drawn one by one."""
    with recorder(reads=0.1, chance=lambda: chance) as (told, folder, _):
        assert told.read(CALL, judged(Tier.READ_ONLY)) is None
        await told.trail.record(Kind.NOTE, {})
        assert len(records(folder, "verdict")) == count


async def test_what_is_about_to_be_sent_may_not_when_it_cannot_be_written() -> None:
    """The one place where that is certain to matter."""
    with recorder() as (told, _, disk):
        disk.fault = FULL
        with pytest.raises(AuditError):
            await told.sending(HOLD, attempt="A", event="send")
