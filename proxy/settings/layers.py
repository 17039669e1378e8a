"""`config.yaml`, the environment and flags read into one configuration, with the origin of each value."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from proxy.config import Config, read_text
from rules.language.complaint import explain
from rules.language.document import Places, Problem, dotted, read_document
from rules.language.yaml_tree import Path as Key
from rules.language.yaml_tree import Value, read_tree

PREFIX = "SIDEGATE__"
"""With two underscores: platforms make variables like SIDEGATE_PORT of a service's name."""
_SEPARATOR = "__"
_STORE = "REDIS_URL"
_NO_FILE = "(no file)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A value that goes before that of the file, and where it was said."""

    key: Key
    value: Value
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """One configuration, and where its values were said; those of no origin are defaults."""

    config: Config
    origins: Mapping[Key, str]

    def origin(self, key: Key) -> str:
        """Where the value of `key` was said; a section that was said says nothing of what is not in it."""
        return self.origins.get(key, "default")


def read_layers(
    path: Path | None, *, flags: Sequence[Override] = (), environ: Mapping[str, str] | None = None
) -> Layers | tuple[Problem, ...]:
    """The configuration of now, or all that is wrong with it, each with where it was said and its cure."""
    said = os.environ if environ is None else environ
    text = "version: 1\n" if path is None else read_text(path)
    if isinstance(text, tuple):
        return text
    overrides, problems = _of_environment(said)
    if problems:
        return tuple(problems)
    file = str(path) if path else _NO_FILE
    if not (overrides or flags):
        read = read_document(Config, text, file=file)
        return read if isinstance(read, tuple) else Layers(config=read.content, origins=_placed(read.places))
    return _merged(text, file, [*overrides, *flags])


def _merged(text: str, file: str, overrides: list[Override]) -> Layers | tuple[Problem, ...]:
    tree = read_tree(text)
    alone = read_document(Config, text, file=file)
    if tree.faults or not isinstance(tree.value, dict):
        return alone if isinstance(alone, tuple) else ()
    value, origins = tree.value, {}
    for each in overrides:
        if problem := _put(value, each):
            return (problem,)
        origins[each.key] = each.origin
    places = Places(file=file, known=tree.places)
    try:
        config = Config.model_validate_json(json.dumps(value))
    except ValidationError as error:
        return tuple(_problems(error, origins, places))
    said = {key: each.origin for each in overrides for key in _leaves(each.key, each.value)}
    return Layers(config=config, origins=_placed(places) | said)


def _leaves(key: Key, value: Value) -> Iterator[Key]:
    """The keys of what is no section."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves((*key, name), part)
    else:
        yield key


def _put(value: dict[str, Value], said: Override) -> Problem | None:
    """Put it where it belongs; what is a list or a text there cannot be entered."""
    here = value
    for n, part in enumerate(said.key[:-1], 1):
        inner = here.setdefault(str(part), {})
        inner = here[str(part)] = {} if inner is None else inner
        if not isinstance(inner, dict):
            message = f"`{dotted(said.key[:n])}` has no keys in it; set it as a whole"
            return _problem(said.origin, said.key, message)
        here = inner
    here[str(said.key[-1])] = said.value
    return None


def _problems(error: ValidationError, origins: Mapping[Key, str], places: Places) -> Iterator[Problem]:
    """Each complaint, about the variable or flag that said it, or about its place in the file."""
    for complaint in explain(Config, error):
        path = complaint.path
        said = next((origins[path[:n]] for n in range(len(path), 0, -1) if path[:n] in origins), None)
        # What is wrong with a whole that was put together may come from any of its parts.
        if said is None and complaint.path not in places.known:
            said = next((o for key, o in origins.items() if key[: len(path)] == path), None)
        if said is not None:
            yield _problem(said, path, complaint.message)
        else:
            yield places.problem(path if complaint.whole else places.nearest(path), complaint.message)


def _of_environment(environ: Mapping[str, str]) -> tuple[list[Override], list[Problem]]:
    """What variables say, in the order of their names, so that a whole comes before its parts."""
    found: list[Override] = []
    problems: list[Problem] = []
    if url := environ.get(_STORE):
        found.append(Override(key=("redis", "url"), value=url, origin=f"environment {_STORE}"))
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        key = tuple(name.removeprefix(PREFIX).lower().split(_SEPARATOR))
        if not _known(key):
            problems.append(
                _problem(
                    f"environment {name}", key, "there is no such key; `sidegate config show` lists them"
                )
            )
            continue
        tree = read_tree(environ[name])
        if tree.faults:
            problems.append(_problem(f"environment {name}", key, tree.faults[0].message))
        found.append(Override(key=key, value=tree.value, origin=f"environment {name}"))
    return found, problems


def _known(key: Key) -> bool:
    """Whether the configuration has such a key; what is in lists is not named one by one."""
    model: Any = Config
    for part in key:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return False
        field = model.model_fields.get(str(part))
        if field is None:
            return False
        model = field.annotation
    return True


def _placed(places: Places) -> dict[Key, str]:
    if places.file == _NO_FILE:
        return {}
    return {key: f"file {places.file}:{line}" for key, (line, _) in places.known.items() if key}


def _problem(origin: str, key: Key, message: str) -> Problem:
    return Problem(file=origin, line=0, column=0, key=dotted(key), message=message)
