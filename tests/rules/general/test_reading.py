"""One way in for both protocols."""

from rules.general.effect import Effect
from rules.general.reading import read
from tests.rules.calls import http, tool


def test_both_protocols() -> None:
    """A request and a tool call."""
    assert read(http("DELETE a.test/x")).effect is Effect.DELETION
    assert read(tool("s", "delete_x")).effect is Effect.DELETION
