"""Which calls a rule by the path would keep from being read."""

import pytest

from rules.drafting.payload import empty_call, payload_counts
from rules.verdict import Tier

CASES = {
    "a read": ("GET api.example/pets/7", 1, False),
    "graphql by get": ("GET api.example/graphql", 1, True),
    "graphql": ("POST api.example/graphql", 1, True),
    "graphql at a middle tier": ("POST api.example/graphql", 3, True),
    "graphql at the highest tier": ("POST api.example/graphql", 4, False),
    "sql": ("POST api.example/v1/sql", 3, True),
    "an action of aws in the query": ("GET ec2.amazonaws.com/", 1, True),
    "a search": ("POST api.example/search", 1, True),
    "a change": ("POST api.example/pets", 3, False),
}


@pytest.mark.parametrize("case", CASES)
def test_payload_counts(case: str) -> None:
    """Where a payload can make more of the call than the tier."""
    line, tier, expected = CASES[case]
    method, _, url = line.partition(" ")
    host, slash, path = url.partition("/")
    assert payload_counts(empty_call(method, host, slash + path), Tier(tier)) is expected


def test_described_operations() -> None:
    """Only what is read at this path counts, not what is read at every path."""
    assert not payload_counts(empty_call("POST", "api.example", "/search"), Tier.READ_ONLY, described=True)
    assert payload_counts(empty_call("POST", "api.example", "/graphql"), Tier.READ_ONLY, described=True)
