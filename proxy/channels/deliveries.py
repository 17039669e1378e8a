"""What could not be told, over the API: listed, and told again."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from proxy.channels.queue import Delivery, Queue
from proxy.console.body import read_members
from proxy.console.door import reviewer
from proxy.console.people.asking import check
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.reviewing import Reviewing
from rules.authority import Act
from rules.request.strict_json import Json
from rules.review.inert import visible
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)


class Deliveries:
    """The routes about what was given up."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._queue = Queue(reviewing.store, who="")

    async def show(self, request: Request) -> Response:
        """What was given up, the newest first."""
        return answer({"dead": await self.dead(reviewer(request))})

    async def again(self, request: Request) -> Response:
        """Tell one of them anew."""
        who = reviewer(request)
        check(who, Act.CHANNELS)
        wanted = (await read_members(request, names=["delivery_id"])).get("delivery_id")
        return answer({"delivery": await self.tell_again(wanted, who=who)})

    async def dead(self, who: Reviewer) -> list[dict[str, object]]:
        """What was given up, as JSON values. Raises Problem."""
        check(who, Act.CHANNELS)
        return [_told(delivery) for delivery in await self._queue.dead()]

    async def tell_again(self, wanted: Json, *, who: Reviewer) -> dict[str, object]:
        """Tell the delivery with this id anew. Raises Problem."""
        check(who, Act.CHANNELS)
        found = [each for each in await self._queue.dead() if each.delivery_id == wanted]
        if not found or not await self._queue.again(found[0]):
            detail = "there is no such delivery: `delivery_id` has to be one that `/api/deliveries` lists"
            raise Problem(404, Obstacle.NOT_FOUND, detail)
        logger.info("channels.again delivery=%s reviewer=%s", found[0].delivery_id, who.name)
        return _told(found[0])


def _told(delivery: Delivery) -> dict[str, object]:
    return {
        "delivery_id": delivery.delivery_id,
        "channel": delivery.channel,
        "hold_id": delivery.hold_id,
        "state": delivery.state,
        "tries": delivery.tries,
        "why": visible(delivery.why),
    }
