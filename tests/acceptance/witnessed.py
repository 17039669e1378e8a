"""What upstreams executed against what the witness has in writing: each execution has a record of its own."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.acceptance.received import Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What both sides know of one request. `query` and `body` are digests; no query is None."""

    port: int
    method: str
    path: str
    query: str | None
    body: str

    @classmethod
    def executed(cls, port: int, method: str, target: str, body: bytes) -> Self:
        """Of a request that the upstream on `port` got whole."""
        path, mark, query = target.partition("?")
        hashed = digest(query.encode("latin-1")) if mark else None
        return cls(port=port, method=method, path=path, query=hashed, body=digest(body))

    @classmethod
    def recorded(cls, line: str) -> Self:
        """Of one line of a witness."""
        told: dict[str, Any] = json.loads(line)
        origin = told["target"].split("/", 3)
        return cls(
            port=urlsplit(told["target"]).port or 0,
            method=told["method"],
            path=f"/{origin[3]}",
            query=told["query_sha256"],
            body=told["body_sha256"],
        )


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def traces(witness: Path) -> list[Trace]:
    """All that a witness has in writing; what a full disk cut short did not leave."""
    lines = witness.read_text().splitlines() if witness.exists() else []
    return [Trace.recorded(line) for line in lines if line.endswith("}")]


def unjudged(executed: Iterable[Trace], recorded: Iterable[Trace]) -> list[Trace]:
    """The executed requests that have no record of their own."""
    return list((Counter(executed) - Counter(recorded)).elements())


def check(port: int, executed: Iterable[Received], witness: Path) -> None:
    """Fail unless everything that the upstream on `port` executed was judged, each on its own."""
    seen = [Trace.executed(port, each.method, each.target, each.body) for each in executed]
    left = unjudged(seen, traces(witness))
    assert not left, f"{len(left)} of {len(seen)} executed requests are not on the witness: {left[0]}"
