"""What may be configured of drills and of the audit of what passed."""

import pytest
from pydantic import ValidationError

from proxy.quality.settings import Drills, PassAudit


def test_as_the_documentation_has_it() -> None:
    """One of fifty, three at once, each within ten minutes."""
    assert Drills() == Drills(rate=0.02, most_open=3, within=600)
    assert PassAudit() == PassAudit(rate=0.02, keep=604800, most=1000)


@pytest.mark.parametrize(
    "given",
    [{"rate": 0.21}, {"rate": -0.1}, {"most_open": 0}, {"most_open": 21}, {"within": -1}, {"within": 1e6}],
    ids=str,
)
def test_more_would_be_all_that_people_do(given: dict[str, float]) -> None:
    """Beyond the bounds it is refused."""
    with pytest.raises(ValidationError):
        Drills.model_validate(given)


@pytest.mark.parametrize("given", [{"rate": 0.06}, {"rate": -1}, {"keep": 1}, {"most": 0}], ids=str)
def test_an_audit_is_a_small_one(given: dict[str, float]) -> None:
    """At most one of twenty, and none that is forgotten at once."""
    with pytest.raises(ValidationError):
        PassAudit.model_validate(given)
