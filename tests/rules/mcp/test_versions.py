"""Which version a message claims."""

import pytest

from rules.mcp.message import Request
from rules.mcp.versions import KNOWN, VERSION_KEY, claimed, is_modern, unsupported


@pytest.mark.parametrize(
    ("message", "version", "modern"),
    [
        (Request(id=1, method="initialize", params={"protocolVersion": "2025-11-25"}), "2025-11-25", False),
        (Request(id=1, method="initialize", params={"protocolVersion": "2026-07-28"}), "2026-07-28", False),
        (Request(id=1, method="ping", params={"_meta": {VERSION_KEY: "2026-07-28"}}), "2026-07-28", True),
        (Request(id=1, method="ping"), None, False),
    ],
    ids=["handshake", "modern handshake", "modern", "none"],
)
def test_what_a_message_claims(message: Request, version: str | None, modern: bool) -> None:
    """In its params at the beginning of a session, in its `_meta` without one."""
    assert (claimed(message), is_modern(message)) == (version, modern)


def test_others_are_told_what_is_known() -> None:
    """With what they asked for, if it is a text at all."""
    failure = unsupported(1, "3000-01-01")
    assert failure.data == {"supported": sorted(KNOWN), "requested": "3000-01-01"}
    assert unsupported(1, 7).data == {"supported": sorted(KNOWN), "requested": None}
