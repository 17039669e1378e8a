"""The table of operations as an OpenAPI 3.1 document, and the route that serves it."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.openapi.operation import Operation, Schema, Scope
from proxy.console.openapi.operations import OPERATIONS
from proxy.console.openapi.schemas import COMPONENTS, TEXT, named
from proxy.console.problem import Obstacle, answer

_PLACES = re.compile(r"{([a-z_]+)}")
_PROBLEM = "application/problem+json"
_TOKEN = {"token": {"type": "http", "scheme": "bearer", "description": "a reviewer's token"}}
_WITH_TOKEN = frozenset({Scope.REVIEWER, Scope.OPERATOR})


async def serve(_request: Request) -> Response:
    """The document."""
    return answer(document(OPERATIONS))


def document(operations: Mapping[str, Operation]) -> dict[str, Any]:
    """The document of these operations, each under its method and path."""
    paths: dict[str, dict[str, Any]] = {}
    for where, operation in operations.items():
        method, _, path = where.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _described(path, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sidegate",
            "version": "1",
            "description": "The reviewers' API: what is held, and deciding about it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": COMPONENTS, "securitySchemes": _TOKEN},
    }


def _described(path: str, operation: Operation) -> dict[str, Any]:
    about: dict[str, Any] = {
        "summary": operation.summary,
        "x-scope": str(operation.scope),
        "security": [{"token": []}] if operation.scope in _WITH_TOKEN else [],
        "parameters": _parameters(path, operation),
        "responses": _responses(path, operation),
    }
    if operation.body is not None:
        about["requestBody"] = {"required": True, "content": _content(operation.takes, operation.body)}
    return about


def _parameters(path: str, operation: Operation) -> list[dict[str, Any]]:
    given = (
        ("path", dict.fromkeys(_PLACES.findall(path), TEXT)),
        ("query", operation.query),
        ("header", operation.headers),
    )
    return [
        {"name": name, "in": place, "required": place == "path" or name in operation.needs, "schema": schema}
        for place, schemas in given
        for name, schema in schemas.items()
    ]


def _responses(path: str, operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {"200": _response(operation.gives, operation.answer or TEXT, "done")}
    for status, obstacles in operation.refusals(path).items():
        words = ", ".join(f"`{obstacle}`" for obstacle in obstacles)
        refused = {**_content(_PROBLEM, _problem(obstacles)), **_other(operation.refuses)}
        found[str(status)] = {"description": words, "content": refused}
    for status, schema in operation.also.items():
        content = found.get(str(status), {"content": {}})["content"]
        words = HTTPStatus(status).phrase.lower()
        found[str(status)] = {
            "description": words,
            "content": {**content, **_content(operation.gives, schema)},
        }
    return found


def _response(media: str, schema: Schema, description: str) -> dict[str, Any]:
    return {"description": description, "content": _content(media, schema)}


def _other(media: str) -> dict[str, Any]:
    return {} if media == _PROBLEM else _content(media, TEXT)


def _content(media: str, schema: Schema) -> dict[str, Any]:
    return {media: {"schema": schema}} if media else {}


def _problem(obstacles: list[Obstacle]) -> dict[str, Any]:
    """A problem of one of these types."""
    types = [f"urn:sidegate:api:{obstacle}" for obstacle in obstacles]
    return {"allOf": [named("Problem"), {"properties": {"type": {"enum": types}}}]}
