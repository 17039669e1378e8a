"""Every route of the console that is no page has its entry, and every entry its route."""

from collections.abc import Iterator

from starlette.routing import BaseRoute, Mount, Route

from proxy.console.app import create
from proxy.console.openapi.operation import Scope
from proxy.console.openapi.operations import OPERATIONS
from proxy.console.pages.routes import routes
from proxy.console.pages.shell import Shell
from proxy.console.reading.lines import Lines
from tests.proxy.console.world import TOKENS, World

ID = "01JZZZZZZZZZZZZZZZZZZZZZZZ"


def served(known: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    """Method and path of each route."""
    for route in known:
        if isinstance(route, Mount):
            yield from served(list(route.routes), prefix + route.path)
        elif isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                yield f"{method} {prefix}{route.path}"


async def test_the_table_is_the_routes(world: World) -> None:
    """None is missing on either side."""
    pages = set(served(list(routes(Shell(world.reviewing()), Lines(world.reviewing())))))
    assert set(OPERATIONS) == set(served(list(create(world.reviewing()).routes))) - pages


async def test_scopes_are_as_they_are_told(world: World) -> None:
    """Without a token, and with one that is not the operator's, each route answers as its scope says."""
    for where, operation in OPERATIONS.items():
        method, _, path = where.partition(" ")
        if path == "/api/events":
            continue  # it has no end; its own tests look at its lock
        for token in (None, TOKENS["ada"]):
            async with world.client(token=token) as client:
                status = (await client.request(method, path.replace("{hold_id}", ID))).status_code
            if operation.scope is Scope.OPERATOR:
                assert status == (401 if token is None else 403), where
            if operation.scope is Scope.REVIEWER:
                assert (status == 401) == (token is None), where
            if operation.scope is Scope.ANYONE:
                assert status not in (401, 403), where
