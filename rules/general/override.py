"""Requests that ask to be treated as another method, as clients with long queries do."""

from collections.abc import Iterator

from rules.call import HttpCall
from rules.request.strict_json import Json


def asked_methods(call: HttpCall) -> frozenset[str]:
    """Every method that `call` asks to be treated as, by whatever name; `?` for what is no text."""
    return frozenset(_asked(call))


def _asked(call: HttpCall) -> Iterator[str]:
    for name, value in call.fields:
        if name.decode("latin-1") in call.overrides:
            yield value.decode("latin-1").strip(" \t").upper()
    for key, text in call.query:
        if key in call.overrides:
            yield text.upper()
    members = call.payload.value if isinstance(call.payload.value, dict) else {}
    for key in call.overrides:
        if key in members:
            yield from _texts(members[key])


def _texts(value: Json) -> Iterator[str]:
    for text in value if isinstance(value, list) else [value]:
        yield text.upper() if isinstance(text, str) else "?"
