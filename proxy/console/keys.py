"""The keys outside the store: which are known, and moving to the next one. For admins alone."""

import logging
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.door import reviewer
from proxy.console.people.asking import check
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reviewing import Reviewing
from proxy.keys.command import VaultFault
from proxy.keys.source import KeyFault
from rules.authority import Act

logger = logging.getLogger(__name__)


class Keys:
    """The routes about keys. No answer holds a key that is secret."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._rotation = reviewing.rotation
        self._signer = reviewing.signer

    async def show(self, request: Request) -> Response:
        """The names of the keys that are known, and the public key of this console."""
        check(reviewer(request), Act.KEYS)
        return answer({"keys": self._rotation.ids, "console": self._signer.public.hex()})

    async def prepare(self, request: Request) -> Response:
        """Make the next key without using it."""
        return await self._change(request, rotate=False)

    async def rotate(self, request: Request) -> Response:
        """Use the next key from now on."""
        return await self._change(request, rotate=True)

    async def rewrap(self, request: Request) -> Response:
        """One batch of what is kept under the newest key."""
        check(reviewer(request), Act.KEYS)
        cursor = (await read_members(request, names=["cursor"])).get("cursor")
        if type(cursor) is not int or cursor < 0:
            detail = "`cursor` has to be 0, or what the answer before gave"
            raise Problem(400, Obstacle.CURSOR_INVALID, detail)
        return answer(asdict(await self._rotation.rewrap(cursor)))

    async def _change(self, request: Request, *, rotate: bool) -> Response:
        check(reviewer(request), Act.KEYS)
        try:
            await (self._rotation.rotate() if rotate else self._rotation.prepare())
        except (KeyFault, VaultFault, OSError) as error:
            logger.error("keys.not_changed why=%s", error)  # noqa: TRY400 (it says all)
            raise Problem(409, Obstacle.KEYS, str(error)) from error
        return await self.show(request)
