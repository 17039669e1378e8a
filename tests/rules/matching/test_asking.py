"""Conditions on operations, in three values."""

from dataclasses import replace

import pytest

from rules.call import HttpCall, Payload, PayloadKind
from rules.decode.operation import Operation
from rules.matching.asking import Asking, asked_of, read_operation
from rules.matching.truth import Truth
from tests.rules.calls import http, tool
from tests.rules.messages import assert_well_worded

CALL = http("POST gql.test/graphql")


def asking_for(*names: str) -> HttpCall:
    """A call with these operations."""
    return replace(CALL, operations=tuple(Operation(name=name) for name in names))


@pytest.mark.parametrize(
    ("patterns", "names", "truth"),
    [
        (["graphql.query.*"], ["graphql.query.me"], Truth.TRUE),
        (["graphql.query.*"], ["graphql.query.me", "graphql.query.you"], Truth.TRUE),
        (["graphql.query.*"], ["graphql.query.me", "graphql.mutation.me"], Truth.UNKNOWN),
        (["graphql.query.*"], ["graphql.mutation.me"], Truth.FALSE),
        (["graphql.query.*", "graphql.mutation.me"], ["graphql.query.a", "graphql.mutation.me"], Truth.TRUE),
        (["graphql.query.get*"], ["graphql.query.get"], Truth.TRUE),
        (["graphql.query.*Node"], ["graphql.query.getNode"], Truth.TRUE),
        (["graphql.query.me"], ["graphql.query.Me"], Truth.FALSE),
        (["graphql.query.me"], ["graphql.query.mex"], Truth.FALSE),
        (["graphql.*"], ["graphql.query.me", "graphql.mutation.me"], Truth.TRUE),
        (["graphql.query.*"], [], Truth.FALSE),
    ],
)
def test_what_holds(patterns: list[str], names: list[str], truth: Truth) -> None:
    """All named: true; none: false; some: unknown."""
    condition = Asking(names=tuple(map(read_operation, patterns)))
    assert condition.holds(asking_for(*names)) is truth


def test_what_is_not_certain_is_unknown() -> None:
    """Neither true nor false, whatever is named."""
    condition = Asking(names=(read_operation("graphql.*"),))
    opaque = replace(CALL, payload=Payload(kind=PayloadKind.OPAQUE))
    for call in (replace(CALL, operations=None), opaque):
        assert asked_of(call) is None
        assert condition.holds(call) is Truth.UNKNOWN


def test_tools_ask_for_no_operation() -> None:
    """A tool call has its own name."""
    assert Asking(names=(read_operation("graphql.*"),)).holds(tool("s", "graphql")) is Truth.FALSE


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "graphql", "graphql.", ".me", "graphql.*.me", "graphql.query.**", "graphql..me"),
        *("graphql*.me", "grapql.query.me", "GraphQL.query.me", "graphql.a b", "graphql.query.me\n"),
    ],
)
def test_what_is_no_name(text: str) -> None:
    """A pattern that could never mean what its author thinks is refused with the cure."""
    with pytest.raises(ValueError, match="operation") as caught:
        read_operation(text)
    assert_well_worded(str(caught.value))


def test_tracks_are_folded_for_the_index() -> None:
    """The index looks at folded names."""
    [track] = Asking(names=(read_operation("graphql.query.Get*"),)).tracks
    assert track.folded[0].matches("graphql.query.getnode")
