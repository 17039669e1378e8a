"""The text of an OpenAPI document, read into values: JSON, or YAML in its unambiguous part."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rules.language.complaint import quote
from rules.language.yaml_tree import MAX_BYTES, Path, Place, read_tree
from rules.openapi.flaw import Flaw

MAX_JSON_BYTES = 96 * 1024 * 1024

# What stands below these says nothing about what an operation does, so oddities there do no harm.
_UNREAD = frozenset(
    {
        *("responses", "requestBody", "schema", "schemas", "definitions", "properties", "content", "headers"),
        *("example", "examples", "callbacks", "links", "webhooks", "default", "x-codeSamples"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document's values. `places` holds lines and columns by path; of JSON they are not known."""

    value: object
    places: Mapping[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place | None:
        """Where `path` stands, or the nearest part above it that is there."""
        if not self.places:
            return None
        return next(self.places[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.places)


def read_source(text: str) -> Source:
    """The values in `text`. Raises Flaw."""
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return Source(value=_read_json(text.lstrip("\ufeff")))
    return _read_yaml(text)


def _read_json(text: str) -> object:
    if len(text) > MAX_JSON_BYTES:
        raise Flaw((), f"the document is over {MAX_JSON_BYTES} characters; split it by paths")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Flaw((), f"this is not json: {where}: {error.msg.lower()}; mend it there") from None
    except Flaw:
        raise
    except (RecursionError, ValueError):
        raise Flaw((), "it is nested too deep or has a number of too many digits; take that out") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Flaw((), f"the key {quote(twice)} stands twice in one object; keep the one that is meant")
    return members


def _no_constant(name: str) -> object:
    raise Flaw((), f"{quote(name)} is no number in json; write one, or null")


def _read_yaml(text: str) -> Source:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        cure = f"convert it to json, which may have {MAX_JSON_BYTES} characters"
        raise Flaw((), f"the document is yaml of over {MAX_BYTES} bytes; {cure}")
    tree = read_tree(text)
    fault = next((f for f in tree.faults if tree.value is None or _UNREAD.isdisjoint(f.path)), None)
    if fault is not None:
        line, column = fault.place
        raise Flaw(fault.path, f"line {line}, column {column}: {fault.message}")
    return Source(value=tree.value, places=tree.places)
