"""Tests of the package as a value."""

from dataclasses import FrozenInstanceError

import pytest

from rules.review.package import Around
from tests.rules.calls import http
from tests.rules.review.held import facts


def test_it_is_frozen() -> None:
    """What a person was shown cannot be changed behind it."""
    found = facts(http("POST bank.example/transfers", {"amount": 5}))
    for value, name in ((found, "action"), (Around(), "party_seen")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "else")
