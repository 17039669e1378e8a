"""What the configuration may say of the audit trail."""

import pytest
from pydantic import ValidationError

from proxy.audit.settings import Audit, OnFailure


def test_half_a_year_is_the_least() -> None:
    """183 days (EU AI Act, article 26)."""
    assert Audit(keep_days=183).keep_days == 183
    with pytest.raises(ValidationError):
        Audit(keep_days=182)


@pytest.mark.parametrize(
    "wrong", [{"reads": 1.1}, {"reads": -0.1}, {"file_bytes": 10}, {"on_failure": "shrug"}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """With the key that is wrong."""
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Audit.model_validate(wrong)


def test_reads_and_reversible_calls_go_on_by_default() -> None:
    """What nobody can take back never does."""
    assert Audit().on_failure is OnFailure.CONTINUE
