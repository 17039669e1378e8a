"""Documents for tests, written the way that vendors write them."""

from typing import Any

from rules.compile import compile_rules
from rules.openapi.writing import rules_file
from rules.ruleset import Ruleset

type Doc = dict[str, Any]


def document(paths: Doc, **more: Any) -> Doc:
    """A document of version 3.1 at one server."""
    server = {"servers": [{"url": "https://api.pets.example/v1"}]}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, **server, "paths": paths, **more}


def one(line: str, operation: Doc | None = None, **more: Any) -> Doc:
    """A document with one operation, such as `post /pets`."""
    method, _, path = line.partition(" ")
    return document({path: {method: operation or {}}}, **more)


def made(value: object, *, host: str | None = None, skip: bool = False) -> str:
    """The rules file for a document that must be right."""
    text = rules_file(value, host=host, skip=skip)
    assert isinstance(text, str), [f"{flaw.key}: {flaw}" for flaw in text]
    return text


def ruleset(value: object, *, host: str | None = None, skip: bool = False) -> Ruleset:
    """Its rules, compiled, which must be possible."""
    found = compile_rules([("made.yaml", made(value, host=host, skip=skip))])
    assert isinstance(found, Ruleset), "\n".join(map(str, found))
    return found


def tiers(value: object) -> dict[str, int]:
    """The tier of each rule that is made of a document."""
    return {rule.id: int(rule.tier) for rule in ruleset(value).rules}
