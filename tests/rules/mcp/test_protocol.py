"""The protocol's numbers and names are those of its own package."""

import pytest
from mcp_types import jsonrpc, version

from rules.mcp import protocol

_CODES = [name for name in vars(protocol) if name.isupper() and not name.endswith("_VERSIONS")]


@pytest.mark.parametrize("name", _CODES)
def test_codes_are_the_protocols(name: str) -> None:
    """Each under its name there."""
    assert getattr(protocol, name) == getattr(jsonrpc, name)


def test_versions_are_the_protocols() -> None:
    """A version that the package learns of is one that we have to learn to read."""
    assert protocol.KNOWN_VERSIONS == version.KNOWN_PROTOCOL_VERSIONS
    assert protocol.MODERN_VERSIONS == version.MODERN_PROTOCOL_VERSIONS
