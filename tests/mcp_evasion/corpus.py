"""The payloads: a JSON list of `{case, headers, body_b64}`, each the body of a POST to an MCP endpoint."""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_USUAL = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One body and the header fields that go with it."""

    name: str
    fields: tuple[tuple[str, str], ...]
    body: bytes


def load(file: Path) -> list[Payload]:
    """The payloads of `file`. Raises OSError or ValueError."""
    try:
        return [_payload(row) for row in json.loads(file.read_text())]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"`{file}` is no list of `case`, `headers` and `body_b64`: {error!r}") from error


def _payload(row: Mapping[str, Any]) -> Payload:
    return Payload(
        name=str(row["case"]), fields=tuple(_fields(row["headers"])), body=b64decode(row["body_b64"])
    )


def _fields(headers: Mapping[str, str | list[str]]) -> list[tuple[str, str]]:
    """The case's own fields, and what a server expects where the case is silent."""
    own = {name.lower() for name in headers}
    pairs = [(name, value) for name, value in _USUAL.items() if name.lower() not in own]
    for name, value in headers.items():
        pairs += [(name, one) for one in (value if isinstance(value, list) else [value])]
    return pairs
