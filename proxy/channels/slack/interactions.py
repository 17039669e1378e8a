"""The route that Slack's buttons go to: a signed request of a known person, decided like any other."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from proxy.channels.outgoing import Untold
from proxy.channels.place import Place
from proxy.channels.queue import Queue
from proxy.channels.settings import Slack
from proxy.channels.slack.message import APPROVE, REJECT
from proxy.channels.slack.posting import call
from proxy.channels.slack.signed import objection
from proxy.console.body import read_content
from proxy.console.deciding.deciding import Deciding
from proxy.console.problem import PRIVATE, Obstacle, Problem
from proxy.console.reading.holds import find_hold
from proxy.console.reading.seen import read_named
from proxy.console.reading.shown import drill_of
from proxy.console.reviewing import Reviewing
from proxy.credentials.sources.secret import CredentialError
from rules.authority import Act
from rules.hold import Hold
from rules.request.strict_json import parse
from rules.review.inert import slack as slack_text
from rules.verdict import Tier

logger = logging.getLogger(__name__)

_SECONDS = 2.5
"""Slack repeats what is not answered within three."""
_REMEMBERED = timedelta(minutes=15)
_REASON = "rejected in Slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that a person pressed."""

    user: str
    channel: str
    action: str
    hold_id: str
    digest: str
    preview: str


class Interactions:
    """The route."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._deciding = Deciding(reviewing)
        self._queue = Queue(reviewing.store, who="")

    async def hear(self, request: Request) -> Response:
        """Decide by a button; why not, or that it was a drill, is told to the one who pressed it alone."""
        place = self._reviewing.channels
        slack = None if place is None else place.settings.slack
        if place is None or slack is None:
            raise Problem(404, Obstacle.NOT_FOUND, "Slack is not configured here: see `channels.slack`")
        content = await read_content(request)
        await self._check_signed(request, content, slack, place)
        press = read_press(content)
        if press is None:
            return _heard()
        try:
            async with asyncio.timeout(_SECONDS):
                drill = drill_of(await self._decide(slack, press))
        except Problem as problem:
            return _heard(BackgroundTask(_tell, slack, place, press, _not_done(str(problem))))
        except TimeoutError:
            late = "it took too long: look at the hold before you decide anew"
            return _heard(BackgroundTask(_tell, slack, place, press, _not_done(late)))
        if drill is None:
            return _heard()
        return _heard(BackgroundTask(_tell, slack, place, press, slack_text(str(drill["said"]))))

    async def _check_signed(self, request: Request, content: bytes, slack: Slack, place: Place) -> None:
        stamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        try:
            secret = slack.signing_secret.read()
        except CredentialError as error:
            logger.error("slack.no_signing_secret why=%s", error)  # noqa: TRY400 (it says all)
            raise Problem(503, Obstacle.FAILED, "the signing secret cannot be had: see the log") from error
        why = objection(secret, stamp=stamp, signature=signature, body=content, now=place.now())
        if why is not None:
            logger.warning("slack.refused why=%s", why)
            raise Problem(401, Obstacle.UNAUTHENTICATED, f"nothing was done: {why}")
        name = sha256(signature.encode()).hexdigest()
        if not await self._queue.keep(f"slack-heard:{name}", "1", lasts=_REMEMBERED):
            raise Problem(409, Obstacle.STATE, "this very request was heard before: nothing was done again")

    async def _decide(self, slack: Slack, press: Press) -> Hold:
        name = slack.reviewers.get(press.user)
        who = None if name is None else self._reviewing.people.named(name)
        if who is None:
            raise Problem(403, Obstacle.UNAUTHENTICATED, "you are no reviewer here: ask the operator")
        hold = await find_hold(self._reviewing, press.hold_id, who=who, act=Act.VIEW)
        if hold.tier > Tier.EXTERNAL:
            raise Problem(403, Obstacle.STATE, "this is decided on the console alone: open it there")
        if press.action == REJECT:
            return await self._deciding.reject(press.hold_id, who=who, reason=_REASON)
        named = read_named({"preview": press.preview})
        return await self._deciding.approve(press.hold_id, who=who, digest=press.digest, named=named)


def read_press(content: bytes) -> Press | None:
    """The button of ours that was pressed; None for what is of no concern. Raises Problem."""
    try:
        fields = dict(parse_qsl(content.decode("ascii"), errors="strict", max_num_fields=4))
        payload = parse(fields["payload"].encode())
        return _press(payload)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Problem(400, Obstacle.BODY_INVALID, "this is no interaction of Slack") from error


def _press(payload: Any) -> Press | None:
    if payload["type"] != "block_actions":
        return None
    [action] = payload["actions"]
    if action["action_id"] not in (APPROVE, REJECT):
        return None
    value = parse(action["value"].encode())
    if not isinstance(value, dict):
        raise TypeError("no value of ours")
    return Press(
        user=str(payload["user"]["id"]),
        channel=str(payload["channel"]["id"]),
        action=str(action["action_id"]),
        hold_id=str(value["hold"]),
        digest=str(value["digest"]),
        preview=str(value["preview"]),
    )


def _not_done(why: str) -> str:
    return f"nothing was done: {slack_text(why)}"


async def _tell(slack: Slack, place: Place, press: Press, text: str) -> None:
    """Tell the one who pressed; whether that works changes nothing."""
    said = {"channel": press.channel, "user": press.user, "text": text}
    with suppress(Untold, CredentialError):
        await call(slack, place, "chat.postEphemeral", said)


def _heard(after: BackgroundTask | None = None) -> Response:
    return Response(status_code=200, headers=PRIVATE, background=after)
