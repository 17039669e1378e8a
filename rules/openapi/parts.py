"""Values of the kind that the specification asks for, or the flaw that they are not."""

from typing import cast

from rules.language.complaint import quote
from rules.language.yaml_tree import Path
from rules.openapi.flaw import Flaw

type Node = dict[str, object]

_KINDS: dict[type, str] = {
    dict: "a mapping of keys to values",
    list: "a list",
    str: "text",
    bool: "true or false",
}


def part[T](node: Node, key: str, kind: type[T], *, at: Path) -> T | None:
    """The value of `key`, None where it is missing. Raises Flaw if it is of another kind."""
    value = node.get(key)
    return None if value is None else of_kind(value, kind, at=(*at, key))


def of_kind[T](value: object, kind: type[T], *, at: Path) -> T:
    """`value`, if it is of that kind. Raises Flaw."""
    if not isinstance(value, kind):
        raise Flaw(at, f"must be {_KINDS[kind]}, not {_shown(value)}; write it as the specification has it")
    return value


def mapping(node: Node, key: str, *, at: Path) -> Node:
    """The mapping under `key`, empty where it is missing. Raises Flaw."""
    return cast("Node", part(node, key, dict, at=at) or {})


def follow(document: Node, node: Node, *, at: Path) -> tuple[Node, Path]:
    """What `node` refers to by `$ref`, and its place; `node` itself without one. Raises Flaw."""
    seen: set[str] = set()
    while (reference := part(node, "$ref", str, at=at)) is not None:
        if reference in seen:
            raise Flaw(at, f"{quote(reference)} refers to itself in the end; write the part out")
        if not reference.startswith("#/"):
            raise Flaw(at, f"{quote(reference)} is in another file; bundle the document into one file first")
        seen.add(reference)
        node, at = _look_up(document, reference, at=at)
    return node, at


def _look_up(document: Node, reference: str, *, at: Path) -> tuple[Node, Path]:
    found: object = document
    steps = [step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/")]
    for step in steps:
        if not isinstance(found, dict) or step not in found:
            raise Flaw(at, f"{quote(reference)} leads nowhere; correct it or add the part")
        found = found[step]
    return cast("Node", of_kind(found, dict, at=tuple(steps))), tuple(steps)


def _shown(value: object) -> str:
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "empty"
        case _:
            return quote(str(value)) if not isinstance(value, bool) else f"`{str(value).lower()}`"
