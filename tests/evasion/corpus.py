"""The cases: exact bytes with the way they are sent, and what is expected of the gate."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from tests.nets import WHY_NOT


class Transport(StrEnum):
    """How a case's bytes travel."""

    PROXY = "proxy"
    """To the proxy's port as they are."""

    PROXY_TLS = "proxy-tls"
    """In TLS to the proxy's port."""

    CONNECT = "connect"
    """In clear through a tunnel."""

    CONNECT_TLS = "connect-tls"
    """In TLS through a tunnel."""

    CONSOLE = "console"
    """To the reviewers' listener."""

    NETNS = "netns"
    """Out of the agent's own network namespace."""

    HASH_PAIR = "hash-pair"
    """Not at all: the first two segments are compared by their digests."""


NO_NAMESPACE = "needs the agent's own network namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Bytes sent at once, `delay` seconds after the ones before."""

    data: bytes
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row. `expected`: any of these outcomes; `forbidden`: patterns of what no upstream may see."""

    id: str
    layer: str
    title: str
    level: str
    transport: Transport
    connect: str | None
    sni: str | None
    alpn: tuple[str, ...]
    segments: tuple[Segment, ...]
    expected: frozenset[str]
    forbidden: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """The case that a row of the file describes. Raises KeyError, TypeError or ValueError."""
        segments = row["segments"] or ()
        return cls(
            id=str(row["id"]),
            layer=str(row["layer"]),
            title=str(row["title"]),
            level=str(row.get("level") or "must"),
            transport=Transport(row["transport"]),
            connect=row["connect"],
            sni=row["sni"],
            alpn=tuple(row["alpn"] or ()),
            segments=tuple(
                Segment(data=base64.b64decode(item["b64"], validate=True), delay=item["delay_ms"] / 1000)
                for item in segments
            ),
            expected=frozenset(row["expected"].split("|")),
            forbidden=tuple(dict(pattern) for pattern in row["upstream_must_not_execute"] or ()),
        )

    @property
    def data(self) -> bytes:
        """All bytes of the case."""
        return b"".join(segment.data for segment in self.segments)

    @property
    def skipped(self) -> str | None:
        """Why the case is not run here, or None."""
        if self.transport is Transport.NETNS and WHY_NOT:
            return f"{NO_NAMESPACE}: {WHY_NOT}"
        return None

    @property
    def is_control(self) -> bool:
        """Whether the case is harmless and has to pass."""
        return self.expected == {"pass"}

    @property
    def counts(self) -> bool:
        """Whether the outcome depends on how often something was asked before."""
        usual = self.transport is Transport.CONSOLE or self.expected <= {"pass", "hold", "refuse"}
        return not usual

    @property
    def alone(self) -> bool:
        """Whether it needs a sidecar of its own."""
        return self.counts or self.transport is Transport.CONSOLE


def load(path: Path) -> list[Case]:
    """All cases of a file in JSON lines. Raises OSError, or ValueError with file, line and reason."""
    cases = [_read(line, f"{path}:{n}") for n, line in enumerate(_lines(path), start=1) if line.strip()]
    ids = [case.id for case in cases]
    if repeated := next((id_ for id_ in ids if ids.count(id_) > 1), None):
        raise ValueError(f"{path}: `{repeated}` is the id of two cases: give each its own")
    return cases


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not utf-8 at byte {error.start}: give a file of cases") from None


def _read(line: str, place: str) -> Case:
    try:
        return Case.read(json.loads(line))
    except KeyError as error:
        raise ValueError(f"{place}: the case has no {error}: give a file of cases") from None
    except (TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise ValueError(f"{place}: this is no case ({error}): give a file of cases") from None
