"""A configuration as people may see it: every key with its value and its origin, secrets left out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from proxy.settings.layers import Layers
from rules.language.document import dotted
from rules.language.yaml_tree import Path as Key

HIDDEN = "***"
_SECRET = re.compile(r"secret|password|passphrase|webhook|api_?key|^token$|^key$")
_USER = re.compile(r"(?<=://)[^/?#\s]*@")
_QUERY = re.compile(r"(?<=\?).+$")
_WITHIN = ("secret_headers",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key, its value as JSON values, and where that was said."""

    key: str
    value: object
    origin: str


def rows(layers: Layers) -> Iterator[Row]:
    """Every key that is no section, in the order of the model. A list is one value."""
    yield from _below((), layers.config.model_dump(mode="json", exclude_none=False), layers)


def _below(key: Key, value: object, layers: Layers) -> Iterator[Row]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _below((*key, name), part, layers)
    else:
        yield Row(key=dotted(key), value=_public(key[-1], value), origin=layers.origin(key))


def _public(name: str | int, value: object) -> object:
    """`value` without what only the sidecar may know. A place of a secret is none itself."""
    if isinstance(value, Mapping):
        return {key: _public(key, part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_public(name, part) for part in value]
    if not isinstance(value, str):
        return value
    if _SECRET.search(str(name)) and name not in _WITHIN:
        return HIDDEN
    return _QUERY.sub(HIDDEN, _USER.sub(f"{HIDDEN}@", value)) if "://" in value else value
