"""`sidegate schema`: what editors know of rules files is what the gate reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from proxy.cli import main
from proxy.cli.schema import schema
from rules.language.rule_file import RulesFile
from rules.language.yaml_tree import read_tree
from tests.test_docs import DOCS, PAGES, ROOT, examples, is_rules

SCHEMA = schema()
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": int,
    "array": list,
    "object": dict,
}


def fits(value: Any, part: dict[str, Any]) -> bool:
    """Whether `value` is valid under a part of the schema; of its words those that the schema uses."""
    if "$ref" in part:
        return fits(value, SCHEMA["$defs"][part["$ref"].rpartition("/")[2]])
    named = part.get("type", list(TYPES))
    kinds = named if isinstance(named, list) else [named]
    return (
        ("type" not in part or any(_is(value, kind) for kind in kinds))
        and ("const" not in part or value == part["const"])
        and ("enum" not in part or value in part["enum"])
        and ("pattern" not in part or re.search(part["pattern"], value) is not None)
        and ("anyOf" not in part or any(fits(value, choice) for choice in part["anyOf"]))
        and (not isinstance(value, list) or _list_fits(value, part))
        and (not isinstance(value, dict) or _object_fits(value, part))
    )


def _is(value: object, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and not (kind in ("number", "integer") and isinstance(value, bool))


def _list_fits(value: list[Any], part: dict[str, Any]) -> bool:
    return len(value) >= part.get("minItems", 0) and all(fits(v, part.get("items", {})) for v in value)


def _object_fits(value: dict[str, Any], part: dict[str, Any]) -> bool:
    known, others = part.get("properties", {}), part.get("additionalProperties", True)
    return all(name in value for name in part.get("required", ())) and all(
        fits(item, known[name])
        if name in known
        else others
        if isinstance(others, bool)
        else fits(item, others)
        for name, item in value.items()
    )


def _files() -> dict[str, str]:
    shipped = [*ROOT.glob("docs/**/rules.yaml"), *ROOT.glob("rules/packs/*.yaml")]
    found = {str(path.relative_to(ROOT)): path.read_text() for path in shipped}
    for page in PAGES:
        found |= {f"{page.name} {n}": text for n, text in enumerate(examples(page)) if is_rules(text)}
    return found


@pytest.mark.parametrize("name", sorted(_files()))
def test_what_is_shipped_is_valid(name: str) -> None:
    """Packs, examples, and every whole file in the docs."""
    assert fits(read_tree(_files()[name]).value, SCHEMA)


WRONG = {
    "no version": "rules: []",
    "another version": "version: 2",
    "an unknown key": "version: 1\nruls: []",
    "an unknown key of a rule": "version: 1\nrules: [{id: a, match: {host: a.test}, teir: 3}]",
    "a tier that is none": "version: 1\nrules: [{id: a, match: {host: a.test}, tier: 5}]",
    "an id in capitals": "version: 1\nrules: [{id: A, match: {host: a.test}, tier: 3}]",
    "a host that is a number": "version: 1\nrules: [{id: a, match: {host: 5}, tier: 3}]",
    "an empty list": "version: 1\nrules: [{id: a, match: {host: []}, tier: 3}]",
    "a word for a number": "version: 1\nrules: [{id: a, match: {body: {a: {gt: x}}}, tier: 3}]",
    "a mode that is none": "version: 1\nmode: watch",
    "an agent without settings": "version: 1\nagents: {a: observe}",
    "a quorum in words": "version: 1\nrules: [{id: a, match: {host: a.test}, tier: 3, quorum: two}]",
    "a probe's method": (
        "version: 1\nrules: [{id: a, match: {host: a.test}, tier: 3, snapshot: {path: /, method: POST}}]"
    ),
    "a window without unit": "version: 1\nrules: [{id: a, match: {host: a.test}, tier: 3, window: 30}]",
    "a category that is none": "version: 1\nrules: [{id: a, match: {host: a.test}, tier: 3, category: x}]",
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_are_not_valid(name: str) -> None:
    """An editor shows these while they are written."""
    assert not fits(read_tree(WRONG[name]).value, SCHEMA)


def test_the_shipped_schema_is_the_printed_one(capsys: pytest.CaptureFixture[str]) -> None:
    """`sidegate schema > docs/rules.schema.json` after a change of the language."""
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert (DOCS / "rules.schema.json").read_text() == printed
    assert json.loads(printed)["$schema"].endswith("2020-12/schema")


def test_every_key_has_its_sentence() -> None:
    """Editors show it beside the key."""
    parts = [SCHEMA, *SCHEMA["$defs"].values(), SCHEMA["$defs"]["Requirement"]["anyOf"][1]]
    keys = [(name, key) for part in parts for name, key in part.get("properties", {}).items()]
    assert len(keys) > 60
    assert [name for name, key in keys if not key.get("description")] == []
    assert set(SCHEMA["properties"]) == set(RulesFile.model_fields)


def test_the_folder_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It only prints."""
    monkeypatch.chdir(tmp_path)
    assert main(["schema", "--data-dir", "x"]) == 0
    assert list(tmp_path.iterdir()) == []
