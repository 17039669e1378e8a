"""What may be configured of drills."""

import pytest
from pydantic import ValidationError

from proxy.quality.settings import Drills


def test_as_the_documentation_has_it() -> None:
    """One of fifty, three at once."""
    assert Drills() == Drills(rate=0.02, most_open=3)


@pytest.mark.parametrize(
    "given", [{"rate": 0.21}, {"rate": -0.1}, {"most_open": 0}, {"most_open": 21}], ids=str
)
def test_more_would_be_all_that_people_do(given: dict[str, float]) -> None:
    """Beyond the bounds it is refused."""
    with pytest.raises(ValidationError):
        Drills.model_validate(given)
