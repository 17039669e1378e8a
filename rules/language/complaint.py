"""What a model says against a value, in words for the person who wrote the file."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAliasType, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rules.language.yaml_tree import Path

_MAX_QUOTE = 80

_EXPECTED = {
    "bool_type": "true or false",
    "date_type": "a date",
    "decimal_type": "a number",
    "dict_type": "a mapping of keys to values",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "none_required": "left empty",
    "string_type": "text",
    "tuple_type": "a list",
    "greater_than": "over {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "under {lt}",
    "less_than_equal": "at most {le}",
    "enum": "one of {expected}",
    "literal_error": "one of {expected}",
    "too_short": "at least {min_length} long",
    "too_long": "at most {max_length} long",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One error of a model. `whole`: the path is meant as it is, though the file may lack its end."""

    path: Path
    message: str
    whole: bool = False


class Faults(ValueError):
    """Several things wrong inside one value: a validator raises it to name the place of each.

    `messages` maps a path below the value to what is wrong there.
    """

    def __init__(self, messages: Mapping[Path, str]) -> None:
        super().__init__("; ".join(messages.values()))
        self.messages = messages


def explain(model: type[BaseModel], error: ValidationError) -> Iterator[Complaint]:
    """All complaints in `error`, which `model` raised."""
    for details in error.errors(include_url=False):
        yield from _explain(model, details)


def quote(text: str) -> str:
    """`text` in backticks on one line: cut, and without characters that move or hide others."""
    shown = text if len(text) <= _MAX_QUOTE else f"{text[:_MAX_QUOTE]}..."
    safe = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown)
    return "`" + "".join(safe).replace("`", "'") + "`"


def suggest(word: str, known: list[str]) -> str:
    """The cure for a word that is not one of `known`."""
    by_look = {name.lower(): name for name in known}
    if close := difflib.get_close_matches(word.lower(), by_look, n=1):
        return f"did you mean `{by_look[close[0]]}`?"
    return f"write one of {', '.join(f'`{name}`' for name in sorted(known))}"


def _explain(model: type[BaseModel], details: ErrorDetails) -> Iterator[Complaint]:
    path = tuple(step for step in details["loc"] if step != "[key]")
    cause = details.get("ctx", {}).get("error")
    match details["type"]:
        case "value_error" if isinstance(cause, Faults):
            for below, message in cause.messages.items():
                yield Complaint(path=path + below, message=message, whole=True)
        case "value_error":
            yield Complaint(path=path, message=str(cause))
        case "missing":
            yield Complaint(path=path, message="the key is missing; add it", whole=True)
        case "extra_forbidden":
            cure = suggest(str(path[-1]), _keys_at(model, path[:-1]))
            yield Complaint(path=path, message=f"there is no such key here; {cure}")
        case "too_short" if len(details["input"]) >= details["ctx"]["min_length"]:
            return  # pydantic counts right items only, and has named the wrong ones
        case _:
            yield Complaint(path=path, message=_mismatch(details))


def _mismatch(details: ErrorDetails) -> str:
    found, context = details["input"], details.get("ctx", {})
    if details["type"] == "too_short" and not found:
        return "there is nothing in it; fill it or leave the key out"
    expected = _EXPECTED.get(details["type"])
    if expected is None:
        return f"{details['msg'][:1].lower()}{details['msg'][1:]}, not {_shown(found)}"
    return f"must be {expected.format(**context)}, not {_shown(found)}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return quote(str(value))


def _keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that may stand at `path`; list positions and free names stay in the same model."""
    models = {model}
    for step in path:
        models = {below for m in models for below in _models_below(m, step)}
    return [field.alias or name for m in models for name, field in m.model_fields.items()] or ["nothing"]


def _models_below(model: type[BaseModel], step: str | int) -> set[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if step in (name, field.alias):
            return _models_in(field.annotation)
    return {model}


def _models_in(annotation: object) -> set[type[BaseModel]]:
    if isinstance(annotation, TypeAliasType):
        return _models_in(annotation.__value__)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in get_args(annotation) for model in _models_in(part)}
