"""What the configuration may say of traces."""

import pytest
from pydantic import ValidationError

from proxy.tracing.settings import TracesEntry


@pytest.mark.parametrize(
    "wrong", [{"endpoint": "collector"}, {"passes": 2.0}, {"headers": "x"}], ids=range(3)
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """Before anything starts."""
    with pytest.raises(ValidationError):
        TracesEntry.model_validate(wrong)


def test_there_are_none_by_default() -> None:
    """Nothing is sent anywhere that nobody named."""
    assert TracesEntry().endpoint == ""
