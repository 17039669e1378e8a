"""All operations of an OpenAPI document, of versions 2.0, 3.0 and 3.1."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from rules.language.complaint import quote, suggest
from rules.language.yaml_tree import Path
from rules.matching.pattern import read_path
from rules.openapi.flaw import Flaw, Unnameable
from rules.openapi.operation import Operation, Surroundings, read_operation
from rules.openapi.parts import Node, follow, mapping, of_kind, part
from rules.openapi.servers import Base, bases_at, bases_of

MAX_FLAWS = 100
MAX_OPERATIONS = 10_000

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_BESIDE = ("$ref", "summary", "description", "servers", "parameters")
_VERSION = re.compile(r"3\.[01](?:\.[0-9]+)?(?:-[0-9A-Za-z.]+)?")
_NAME = re.compile(r"\{([A-Za-z0-9_.$-]+)\}")
_NO_HOST = "it names no server with a host; name it with `--host`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The operations of a document in its order, and the paths that no rule can name."""

    operations: tuple[Operation, ...]
    unnameable: tuple[Unnameable, ...]


def read_operations(value: object, *, host: str | None) -> Found | tuple[Flaw, ...]:
    """Every operation that the document holds, or what is wrong with it. Never raises."""
    flaws: list[Flaw] = []
    unnameable: list[Unnameable] = []
    try:
        document = cast("Node", of_kind(value, dict, at=()))
        swagger = _is_swagger(document)
        bases = bases_of(document, swagger=swagger, host=host)
        paths = mapping(document, "paths", at=())
    except Flaw as flaw:
        return (flaw,)
    found: list[Operation] = []
    for path in paths:
        if path.startswith("x-"):
            continue
        try:
            found += _below(document, path, bases=bases, swagger=swagger, host=host)
        except Unnameable as flaw:
            unnameable.append(flaw)
        except Flaw as flaw:
            flaws.append(flaw)
        if len(found) > MAX_OPERATIONS:
            flaws.append(Flaw(("paths",), f"it holds over {MAX_OPERATIONS} operations; split it by paths"))
        if len(flaws) >= MAX_FLAWS or len(found) > MAX_OPERATIONS:
            break
    if not flaws and not found and not unnameable:
        flaws.append(Flaw(("paths",), "it holds no operation; give a document that has some"))
    return tuple(flaws) or Found(operations=tuple(found), unnameable=tuple(unnameable[:MAX_FLAWS]))


def _is_swagger(document: Node) -> bool:
    """Whether it is of version 2.0. Raises Flaw if it is of none that is read."""
    for key in ("swagger", "openapi"):
        if isinstance(document.get(key), int | float):
            raise Flaw((key,), f'the version is a number; write it as text, `{key}: "..."`')
    swagger, version = part(document, "swagger", str, at=()), part(document, "openapi", str, at=())
    if swagger == "2.0" and version is None:
        return True
    if swagger is None and version is not None and _VERSION.fullmatch(version):
        return False
    given = quote(version or swagger or "") if version or swagger else "none"
    raise Flaw((), f"the version of OpenAPI is {given}; give a document of version 2.0, 3.0 or 3.1")


def _below(
    document: Node, path: str, *, bases: tuple[Base, ...] | None, swagger: bool, host: str | None
) -> Iterator[Operation]:
    """The operations at one path."""
    here: Path = ("paths", path)
    written = of_kind(mapping(document, "paths", at=()).get(path), dict, at=here)
    node, at = follow(document, cast("Node", written), at=here)
    _check_keys(node, at=at)
    own = bases if swagger else bases_at(node, at=at, host=host) or bases
    for method in _METHODS:
        if (operation := part(node, method, dict, at=at)) is None:
            continue
        place = (*at, method)
        around = Surroundings(
            bases=_at_all(
                (bases_at(operation, at=place, host=host) if not swagger else None) or own, at=place
            ),
            path=_template(path, at=here),
            security=document.get("security"),
            parameters=tuple(part(node, "parameters", list, at=at) or ()),
            swagger=swagger,
        )
        for found in read_operation(cast("Node", operation), around, at=place):
            _check_path(found.whole_path, at=here)
            yield found


def _at_all(bases: tuple[Base, ...] | None, *, at: Path) -> tuple[Base, ...]:
    if not bases:
        raise Flaw(at, _NO_HOST)
    return bases


def _check_keys(node: Node, *, at: Path) -> None:
    known = [*_METHODS, *_BESIDE]
    for key in node:
        if key not in known and not key.startswith("x-"):
            raise Flaw((*at, key), f"neither a method nor another key of a path; {suggest(key, known)}")


def _template(path: str, *, at: Path) -> str:
    """The path with names of parts that the rule language takes."""
    if not path.startswith("/"):
        raise Flaw(at, f"{quote(path)} does not start with `/`; write the path below the server's")
    return _NAME.sub(lambda found: "{" + _plain(found[1]) + "}", path)


def _plain(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{plain}" if plain[0].isdigit() else plain


def _check_path(path: str, *, at: Path) -> None:
    try:
        read_path(path)
    except ValueError as error:
        raise Unnameable(
            at, f"no rule can name this path: {error}; or leave such paths out by `--skip`"
        ) from None
