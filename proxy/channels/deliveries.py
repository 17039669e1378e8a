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
from rules.review.inert import visible

logger = logging.getLogger(__name__)


class Deliveries:
    """The routes about what was given up."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._queue = Queue(reviewing.store, who="")

    async def show(self, request: Request) -> Response:
        """What was given up, the newest first."""
        check(reviewer(request), Act.CHANNELS)
        return answer({"dead": [_told(delivery) for delivery in await self._queue.dead()]})

    async def again(self, request: Request) -> Response:
        """Tell one of them anew."""
        check(reviewer(request), Act.CHANNELS)
        wanted = (await read_members(request, names=["delivery_id"])).get("delivery_id")
        found = [each for each in await self._queue.dead() if each.delivery_id == wanted]
        if not found or not await self._queue.again(found[0]):
            detail = "there is no such delivery: `delivery_id` has to be one that `/api/deliveries` lists"
            raise Problem(404, Obstacle.NOT_FOUND, detail)
        logger.info("channels.again delivery=%s reviewer=%s", found[0].delivery_id, reviewer(request).name)
        return answer({"delivery": _told(found[0])})


def _told(delivery: Delivery) -> dict[str, object]:
    return {
        "delivery_id": delivery.delivery_id,
        "channel": delivery.channel,
        "hold_id": delivery.hold_id,
        "state": delivery.state,
        "tries": delivery.tries,
        "why": visible(delivery.why),
    }
