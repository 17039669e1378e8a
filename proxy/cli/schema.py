"""`sidegate schema`: the JSON Schema of rules files, for editors."""

import argparse
import ast
import inspect
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from rules.language import holding, particulars, requirement, rule_file
from rules.language.document import Strict

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# What may stand for the whole of a model.
_BARE: dict[str, dict[str, Any]] = {
    "Requirement": {"$ref": "#/$defs/Scalar"},
    "Quorum": {"type": "integer", "minimum": 1, "maximum": holding.MOST_PEOPLE},
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("schema", help="print the json schema of rules files, for editors")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(".sidegate"),
        metavar="DIR",
        help="accepted everywhere; not used here",
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print the schema."""
    sys.stdout.write(text())
    return 0


def text() -> str:
    """The schema as it is printed and shipped."""
    return json.dumps(schema(), indent=1) + "\n"


def schema() -> dict[str, Any]:
    """The schema, with the sentence of each key. A text or a list of them stands where several may."""
    made = rule_file.RulesFile.model_json_schema(by_alias=True)
    described = {model.__name__: _sentences(model) for model in rule_models()}
    for name, definition in [("RulesFile", made), *made["$defs"].items()]:
        for key, value in definition.get("properties", {}).items():
            definition["properties"][key] = {**_plain(value), "description": described[name][key]}
    for name, bare in _BARE.items():
        made["$defs"][name] = {"anyOf": [bare, made["$defs"][name]]}
    return {"$schema": DIALECT, **made}


def rule_models() -> Iterator[type[Strict]]:
    """Every model of a rules file, some more than once."""
    for module in (rule_file, requirement, particulars, holding):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Strict):
                yield value


def _sentences(model: type[Strict]) -> dict[str, str]:
    """The docstring below each key, of the model and of those that it extends, by the key's name."""
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if isinstance(part, type) and issubclass(part, Strict):
            (tree,) = ast.parse(inspect.getsource(part)).body
            found |= dict(_documented(tree))
    return {field.alias or name: found[name] for name, field in model.model_fields.items()}


def _documented(tree: ast.stmt) -> Iterator[tuple[str, str]]:
    for member, below in pairwise(tree.body if isinstance(tree, ast.ClassDef) else ()):
        named = isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
        if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            yield ast.unparse(member).partition(":")[0], str(below.value.value)


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """A key's schema without what stands for a key that is left out."""
    kept = {name: part for name, part in value.items() if name not in ("default", "title")}
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        only: dict[str, Any] = choices[0]
        return {name: part for name, part in kept.items() if name != "anyOf"} | only
    return kept | ({"anyOf": choices} if choices else {})
