"""Tests of what is said of a route by its kind."""

from proxy.console.openapi.operation import Operation, Scope
from proxy.console.openapi.schemas import taken
from proxy.console.problem import Obstacle


def test_a_route_refuses_what_its_kind_refuses() -> None:
    """Whom it serves, a body, a query and a hold in the path each bring their own."""
    bare = Operation(summary="x", scope=Scope.ANYONE)
    assert list(bare.refusals("/healthz")) == [403, 421, 500, 503]
    reading = Operation(summary="x", query={"a": {}})
    assert list(reading.refusals("/api/holds")) == [400, 401, 403, 421, 500, 503]
    writing = Operation(summary="x", body=taken({}), problems={409: (Obstacle.STATE,)})
    known = writing.refusals("/api/holds/{hold_id}/x")
    assert list(known) == [400, 401, 403, 404, 408, 409, 413, 415, 421, 500, 503]
    assert known[409] == [Obstacle.STATE]


def test_nothing_is_said_twice() -> None:
    """What a route and its kind refuse alike stands there once."""
    both = Operation(summary="x", scope=Scope.OPERATOR, problems={403: (Obstacle.ORIGIN_FOREIGN,)})
    assert both.refusals("/x")[403] == [Obstacle.ORIGIN_FOREIGN, Obstacle.ROLE]
