"""What an agent says of the trace that its call belongs to is read strictly."""

import pytest

from rules.call import ToolCall
from rules.trace import Place, caller_of, exemplar, place_in
from tests.rules.calls import http

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAID = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize("flags", ["00", "01", "ff"])
def test_a_span_is_named(flags: str) -> None:
    """Whether its caller keeps it says nothing about whether we do."""
    assert place_in(f"00-{TRACE}-{SPAN}-{flags}") == Place(TRACE, SPAN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        SAID + "\n",
        SAID + "-more",
        SAID.upper(),
        "ff" + SAID[2:],
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE[:-1]}\u0663-{SPAN}-01",
    ],
    ids=range(10),
)
def test_everything_else_names_none(text: str) -> None:
    """Other versions, zeros, digits of other scripts, line breaks."""
    assert place_in(text) is None
    assert exemplar(text) is None


def test_where_it_stands() -> None:
    """In a header of a request, in the `_meta` of a tool call, which is no part of what it asks for."""
    assert caller_of(http("POST a.example/x", headers={"traceparent": SAID})) == Place(TRACE, SPAN)
    assert caller_of(http("POST a.example/x")) is None
    called = ToolCall(server="bank", tool="pay", arguments={}, trace=SAID)
    assert caller_of(called) == Place(TRACE, SPAN)
    assert called == ToolCall(server="bank", tool="pay", arguments={})
    assert str(Place(TRACE, SPAN)) == SAID
    assert exemplar(SAID) == {"trace_id": TRACE}
