"""Lines of a witness for tests."""

import json
from hashlib import sha256
from typing import Any

EMPTY = sha256(b"").hexdigest()


def line(call: str, tier: int = 3, *, body: bool = False, **more: Any) -> bytes:
    """The line about `PUT a.example/x`, by default of a call that no rule named, without a body."""
    method, _, url = call.partition(" ")
    host, slash, path = url.partition("/")
    row = {
        "time": "2026-11-23T00:00:00.000000+00:00",
        "method": method,
        "target": f"https://{host}:443{slash}{path}",
        "query_sha256": None,
        "body_sha256": "0" * 64 if body else EMPTY,
        "verdict": "pass" if tier < 3 else "hold",
        "tier": tier,
        "rule": None,
        "reason_id": "default_write",
        "hold": None,
    }
    return json.dumps(row | more).encode() + b"\n"
