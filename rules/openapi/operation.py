"""One operation of a document, and what the document says of it."""

from dataclasses import dataclass
from typing import cast

from rules.language.yaml_tree import Path
from rules.openapi.parts import Node, mapping, of_kind, part
from rules.openapi.servers import Base

_CONSEQUENTIAL = "x-openai-isConsequential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation at one base; of several bases it has one each."""

    place: Path
    method: str
    base: Base
    path: str
    """The template below the base, as the rule language writes it."""
    name: str
    """Its `operationId`, or nothing."""
    summary: str
    alternatives: tuple[frozenset[str], ...]
    """Sets of security scopes, each of which suffices."""
    consequential: bool | None
    """`x-openai-isConsequential`, None where it is not said."""
    deprecated: bool
    carries: bool
    """Whether it takes a body, or may."""

    @property
    def whole_path(self) -> str:
        """The template from the root."""
        return self.base.path + self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an operation takes over from what stands around it."""

    bases: tuple[Base, ...]
    path: str
    security: object
    parameters: tuple[object, ...]
    swagger: bool


def read_operation(node: Node, around: Surroundings, *, at: Path) -> list[Operation]:
    """The operation in `node`, whose method is the end of `at`, once for each base. Raises Flaw."""
    name = part(node, "operationId", str, at=at) or ""
    summary = part(node, "summary", str, at=at) or part(node, "description", str, at=at) or ""
    security = node.get("security", around.security)
    parameters = (*around.parameters, *(part(node, "parameters", list, at=at) or ()))
    return [
        Operation(
            place=at,
            method=str(at[-1]).upper(),
            base=base,
            path=around.path,
            name=name,
            summary=summary,
            alternatives=_alternatives(security, at=(*at, "security")),
            consequential=part(node, _CONSEQUENTIAL, bool, at=at),
            deprecated=part(node, "deprecated", bool, at=at) or False,
            carries=_carries(parameters) if around.swagger else bool(mapping(node, "requestBody", at=at)),
        )
        for base in around.bases
    ]


def _alternatives(security: object, *, at: Path) -> tuple[frozenset[str], ...]:
    if security is None:
        return ()
    found = []
    for number, requirement in enumerate(of_kind(security, list, at=at)):
        schemes = cast("Node", of_kind(requirement, dict, at=(*at, number)))
        scopes = [
            of_kind(scope, str, at=(*at, number, name))
            for name, listed in schemes.items()
            for scope in of_kind(listed, list, at=(*at, number, name))
        ]
        found.append(frozenset(scopes))
    return tuple(found)


def _carries(parameters: tuple[object, ...]) -> bool:
    """Whether one is in the body. What is elsewhere in the document may be."""
    return any(not isinstance(p, dict) or p.get("in") in (None, "body", "formData") for p in parameters)
