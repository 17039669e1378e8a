"""What is said of one route of the API: whom it serves, what it takes, and every way in which it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from proxy.console.problem import Obstacle

type Schema = Mapping[str, Any]


class Scope(StrEnum):
    """Whom a route serves."""

    ANYONE = "anyone"
    """No token is needed."""
    REVIEWER = "reviewer"
    """Any reviewer's token."""
    OPERATOR = "operator"
    """The operator's token alone."""
    SIGNED = "signed"
    """Whoever signed the request, or the link, with a key of the channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    summary: str
    scope: Scope = Scope.REVIEWER
    query: Mapping[str, Schema] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """What of the query may not be left out."""
    headers: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    takes: str = "application/json"
    answer: Schema | None = None
    gives: str = "application/json"
    """The type of the answer; empty where it has no content."""
    refuses: str = "application/problem+json"
    """The type in which it says no; what the door says before it is always a problem."""
    also: Mapping[int, Schema] = field(default_factory=dict)
    """Further answers that are no problems, by status."""
    problems: Mapping[int, tuple[Obstacle, ...]] = field(default_factory=dict)
    """What it refuses besides what every route of its kind does, by status."""

    def refusals(self, path: str) -> dict[int, list[Obstacle]]:
        """Every way in which it says no, by status."""
        found: dict[int, list[Obstacle]] = {}
        for several in (_EVERYWHERE, _OF_SCOPE[self.scope], self._of_input(path), self.problems):
            for status, obstacles in several.items():
                found.setdefault(status, []).extend(o for o in obstacles if o not in found[status])
        return dict(sorted(found.items()))

    def _of_input(self, path: str) -> dict[int, tuple[Obstacle, ...]]:
        read = _OF_BODY if self.body is not None else {}
        query = {400: (*read.get(400, ()), Obstacle.QUERY_INVALID)} if self.query else {}
        hold = {404: (Obstacle.NOT_FOUND,)} if "{hold_id}" in path else {}
        acts = _OF_ACTS if hold and read else {}
        return {**read, **query, **hold, **acts}


_EVERYWHERE: dict[int, tuple[Obstacle, ...]] = {
    403: (Obstacle.ORIGIN_FOREIGN,),
    421: (Obstacle.HOST_UNKNOWN,),
    500: (Obstacle.FAILED,),
    503: (Obstacle.STORE_UNAVAILABLE,),
}
_OF_SCOPE: dict[Scope, dict[int, tuple[Obstacle, ...]]] = {
    Scope.ANYONE: {},
    Scope.REVIEWER: {401: (Obstacle.UNAUTHENTICATED,), 403: (Obstacle.ROLE,)},
    Scope.OPERATOR: {401: (Obstacle.UNAUTHENTICATED,), 403: (Obstacle.ROLE,)},
    Scope.SIGNED: {},
}
_OF_ACTS = {403: (Obstacle.SCOPE, Obstacle.OWN_REQUEST, Obstacle.STEP_UP)}
_OF_BODY: dict[int, tuple[Obstacle, ...]] = {
    400: (Obstacle.BODY_INVALID, Obstacle.MEMBER_UNKNOWN),
    408: (Obstacle.BODY_INCOMPLETE,),
    int(HTTPStatus.REQUEST_ENTITY_TOO_LARGE): (Obstacle.BODY_TOO_LARGE,),
    415: (Obstacle.BODY_TYPE,),
}
