"""When a request whose credential was refused may be sent once more, and what is said where not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.credentials.supply import Supplied
from proxy.replay.repeating import objection, repeatable, rotation
from rules.hold import State
from tests.rules.holds import a_hold

NOW = datetime.now(UTC)
HOLD = a_hold(state=State.SENDING, fence=1, created_at=NOW, decide_by=NOW)


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH", "get", "MERGE"]
)
def test_methods(method: str) -> None:
    """Those that RFC 9110 calls idempotent; every other one only where the upstream honours our key."""
    assert repeatable(method, declared=False) is (method in {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
    assert repeatable(method, declared=True)


def test_objections() -> None:
    """Nothing newer, or nothing that may go twice."""
    refused, fresh = (Supplied(generations={"bank": number}) for number in "12")
    assert objection(refused, fresh, allowed=True) is None
    assert objection(refused, fresh, allowed=False) == (
        "the upstream refused `bank`, which is renewed since: let the agent ask again"
    )
    for allowed in (True, False):
        said = objection(refused, refused, allowed=allowed)
        assert said is not None
        assert said.startswith("the upstream refuses `bank`, and there is no newer one: replace it")


def test_rotations() -> None:
    """Said for those that were known at the time of the hold."""
    held = replace(HOLD, credential="bank@1 tenant@a")
    assert rotation(held, Supplied(generations={"bank": "2", "tenant": "a"})) == (
        "rotated after the call was held: `bank`"
    )
    assert rotation(HOLD, Supplied(generations={"bank": "2"})) == ""
