"""Tests of how the console says no."""

import pytest

from proxy.console.problem import Obstacle, Problem


@pytest.mark.parametrize("obstacle", Obstacle)
def test_every_obstacle_has_a_stable_type(obstacle: Obstacle) -> None:
    """The type is made of the word alone, and the answer is ASCII of the right kind."""
    response = Problem(400, obstacle, "say `\u202ex`", members={"hold": None}).response()
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert bytes(response.body) == (
        b'{"type": "urn:sidegate:api:' + obstacle.encode() + b'", "title": "Bad Request", '
        b'"status": 400, "detail": "say `\\u202ex`", "hold": null}'
    )
