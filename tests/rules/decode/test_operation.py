"""The shape of an operation's name."""

import pytest

from rules.decode.operation import FAMILIES, Operation
from tests.rules.calls import http


def test_every_operation_is_of_a_known_family() -> None:
    """The first part of a name is a family that rules may name."""
    call = http("POST gql.test/graphql", {"query": "{ me }"})
    assert call.operations == (Operation(name="graphql.query.me"),)
    assert call.operations[0].name.partition(".")[0] in FAMILIES


def test_an_operation_stays_what_it_is() -> None:
    """Nobody changes it after it was read."""
    with pytest.raises(AttributeError):
        Operation(name="graphql.query.me").name = "graphql.query.you"  # type: ignore[misc]
