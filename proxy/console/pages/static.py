"""The few files that pages load: read once, and nothing else of the disk can be asked for."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.pages.shell import finished
from proxy.console.problem import Obstacle, Problem

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "htmx.min.js": "text/javascript",
    "sidegate.svg": "image/svg+xml",
}


class Static:
    """The route of the files."""

    def __init__(self) -> None:
        self._files = {name: (_FOLDER / name).read_bytes() for name in _TYPES}

    async def serve(self, request: Request) -> Response:
        """One of them."""
        name = request.path_params["name"]
        if name not in self._files:
            raise Problem(404, Obstacle.NOT_FOUND, f"there is no file `{name[:64]}`")
        return finished(Response(self._files[name], media_type=_TYPES[name]))
