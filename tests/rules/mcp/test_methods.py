"""What each method is."""

import pytest

from rules.mcp.methods import Kind, is_method, of_client, of_server, usual_tier


@pytest.mark.parametrize(
    ("method", "client", "server"),
    [
        ("tools/call", Kind.CALL, Kind.UNKNOWN),
        ("ping", Kind.PASS, Kind.PASS),
        ("resources/read", Kind.WEIGH, Kind.UNKNOWN),
        ("sampling/createMessage", Kind.UNKNOWN, Kind.WEIGH),
        ("Tools/Call", Kind.UNKNOWN, Kind.UNKNOWN),
    ],
)
def test_a_method_has_a_direction(method: str, client: Kind, server: Kind) -> None:
    """What one side may ask, the other one may not."""
    assert (of_client(method), of_server(method)) == (client, server)


def test_only_weighed_methods_have_a_tier_and_a_name_that_rules_use() -> None:
    """A tool may not be called like one of them."""
    assert usual_tier("resources/read") == 1
    assert usual_tier("tools/call") is usual_tier("ping") is None
    assert is_method("sampling/createMessage")
    assert not is_method("read_file")
