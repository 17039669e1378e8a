"""Tests of the OpenAPI document."""

import httpx2

from proxy.console.openapi.document import document
from proxy.console.openapi.operation import Operation, Scope
from proxy.console.openapi.operations import OPERATIONS
from proxy.console.openapi.schemas import HASH, TEXT, taken
from proxy.console.problem import Obstacle
from tests.proxy.console.world import World


def test_one_route_whole() -> None:
    """Its parameters, its body, its answer, and each way in which it says no."""
    operation = Operation(
        summary="does it",
        query={"part": TEXT},
        needs=("part",),
        headers={"Last-Event-ID": TEXT},
        body=taken({"digest": HASH}),
        answer=TEXT,
        problems={409: (Obstacle.STATE,)},
    )
    [[path, methods]] = document({"POST /api/holds/{hold_id}/do": operation})["paths"].items()
    told = methods["post"]
    assert path == "/api/holds/{hold_id}/do"
    assert [(p["in"], p["name"], p["required"]) for p in told["parameters"]] == [
        ("path", "hold_id", True),
        ("query", "part", True),
        ("header", "Last-Event-ID", False),
    ]
    assert told["security"] == [{"token": []}]
    assert told["requestBody"]["content"]["application/json"]["schema"]["required"] == ["digest"]
    refused = told["responses"]["409"]["content"]["application/problem+json"]["schema"]
    assert refused["allOf"][1]["properties"]["type"]["enum"] == ["urn:sidegate:api:state"]
    assert "200" in told["responses"]


def test_a_status_with_two_shapes() -> None:
    """What is no problem under a problem's status stands beside it."""
    told = document({"GET /readyz": OPERATIONS["GET /readyz"]})["paths"]["/readyz"]["get"]
    assert set(told["responses"]["503"]["content"]) == {"application/problem+json", "application/json"}
    assert told["security"] == []


def test_references_lead_somewhere() -> None:
    """Every shape that is named exists."""
    made = document(OPERATIONS)
    known = made["components"]["schemas"]
    named = set(_references(made))
    assert named
    assert named <= {f"#/components/schemas/{name}" for name in known}


async def test_it_is_served(api: httpx2.AsyncClient, world: World) -> None:
    """To whoever has a token; unknown scopes are none."""
    told = (await api.get("/api/openapi.json")).json()
    assert told["openapi"] == "3.1.0"
    scopes = {about["x-scope"] for methods in told["paths"].values() for about in methods.values()}
    assert scopes <= set(Scope)
    async with world.client(token=None) as client:
        assert (await client.get("/api/openapi.json")).status_code == 401


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for each in value.values() for found in _references(each)]
    if isinstance(value, list):
        return [found for each in value for found in _references(each)]
    return []
