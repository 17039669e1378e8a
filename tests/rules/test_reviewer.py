"""Who a reviewer is."""

from dataclasses import FrozenInstanceError

import pytest

from rules.reviewer import Reviewer


def test_a_reviewer_speaks_for_no_group_unless_told() -> None:
    """Nobody counts for a group of a quorum by default, and nothing changes that later."""
    ada = Reviewer(name="ada")
    assert ada.groups == frozenset()
    with pytest.raises(FrozenInstanceError):
        ada.groups = frozenset({"treasury"})  # type: ignore[misc]
