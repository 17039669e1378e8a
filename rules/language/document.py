"""A YAML text read into a model, or everything that is wrong with it, each with its place and cure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from rules.language.complaint import explain
from rules.language.yaml_tree import Path, Place, read_tree


class Strict(BaseModel):
    """What every model of a document is: unknown keys and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a document. `key` is the path to it, as in `rules[3].match.host`.

    What was not said in a document has line 0, and `file` is the variable or flag that said it.
    """

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: {self.key or 'document'}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where each part of a file stands: its line and column, by its path from the top."""

    file: str
    known: Mapping[Path, Place]

    def nearest(self, path: Path) -> Path:
        """`path`, or the longest beginning of it that stands in the file."""
        return next(path[:n] for n in range(len(path), -1, -1) if path[:n] in self.known)

    def problem(self, path: Path, message: str) -> Problem:
        """`message` about `path`, at its place or, where it is missing, at that of what should hold it."""
        line, column = self.known[self.nearest(path)]
        return Problem(file=self.file, line=line, column=column, key=dotted(path), message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document[M: BaseModel]:
    """A model together with the places of its parts, for checks that look beyond one part."""

    content: M
    places: Places


def read[M: BaseModel](model: type[M], text: str, *, file: str) -> M | tuple[Problem, ...]:
    """Read `text` as one YAML document that fits `model`, or return all its problems. Never raises."""
    document = read_document(model, text, file=file)
    return document.content if isinstance(document, Document) else document


def read_document[M: BaseModel](model: type[M], text: str, *, file: str) -> Document[M] | tuple[Problem, ...]:
    """As `read`, keeping the places for further checks."""
    tree = read_tree(text)
    places = Places(file=file, known=tree.places)
    problems = [
        Problem(file=file, line=f.place[0], column=f.place[1], key=dotted(f.path), message=f.message)
        for f in tree.faults
    ]
    if problems and tree.value is None:
        return tuple(problems)
    value = {} if tree.value is None else tree.value
    try:
        # As JSON text: pydantic then stays strict and still reads lists into tuples, texts into enums.
        content = model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        faulty = {fault.path for fault in tree.faults}
        for complaint in explain(model, error):
            path = complaint.path if complaint.whole else places.nearest(complaint.path)
            if path not in faulty:
                problems.append(places.problem(path, complaint.message))
        return tuple(sorted(problems, key=lambda p: (p.line, p.column)))
    return tuple(problems) or Document(content=content, places=places)


def dotted(path: Path) -> str:
    """A path as people write it, like `rules[3].match.host`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")
