"""What a browser is shown at an address of which the router knows nothing."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.pages.shell import Shell
from proxy.console.problem import on_http_error, unrouted

type Handler = Callable[[Request, Exception], Awaitable[Response]]

_READS = frozenset({"GET", "HEAD"})


def nowhere(shell: Shell) -> Handler:
    """The handler of what the router refuses: a page for people, JSON for programs and below /api."""

    async def on_error(request: Request, error: Exception) -> Response:
        if not _is_for_people(request):
            return await on_http_error(request, error)

        async def refuse() -> Response:
            raise unrouted(request, error)

        return await shell.guarded(request, refuse, session=shell.session(request))

    return on_error


def _is_for_people(request: Request) -> bool:
    navigates = request.method in _READS and "text/html" in request.headers.get("accept", "")
    return navigates and not request.url.path.startswith("/api/")
