"""The shapes are those of what is really told."""

from typing import Any

import httpx2

from proxy.console.openapi.schemas import COMPONENTS
from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.shown import contents, summary
from tests.proxy.console.world import ACTION, World


async def test_a_hold_is_as_it_is_told(world: World, api: httpx2.AsyncClient) -> None:
    """No member is missing in the document, and none is told that is not there."""
    hold = await world.hold()
    assert list(COMPONENTS["Hold"]["properties"]) == list(summary(hold))
    assert list(COMPONENTS["Action"]["properties"]) == list(contents(ACTION))
    whole = (await api.get(f"/api/holds/{hold.hold_id}")).json()["hold"]
    [line] = (await api.get("/api/holds")).json()["holds"]
    for name, told in (("WholeHold", whole), ("Line", line)):
        assert _members(name) == set(told), name


def test_a_problem_is_as_it_is_told() -> None:
    """Its members are those that each has."""
    told = Problem(409, Obstacle.STATE, "because").members
    assert set(COMPONENTS["Problem"]["properties"]) == set(told)


def _members(name: str) -> set[str]:
    base, own = COMPONENTS[name]["allOf"]
    found: dict[str, Any] = {**COMPONENTS["Hold"]["properties"], **own["properties"]}
    assert base["$ref"].endswith("Hold")
    return set(found)
