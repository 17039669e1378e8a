"""A hold's message in Slack: posted when it waits, and rendered anew whenever it has changed."""

import json
from datetime import timedelta
from typing import Any

from proxy.channels.outgoing import Untold
from proxy.channels.place import Place
from proxy.channels.queue import Delivery, Queue
from proxy.channels.settings import Slack
from proxy.channels.slack.message import Seen, message, section
from proxy.channels.told import again
from proxy.console.reading.lesson import lesson_of
from proxy.console.reading.lines import Line, Lines
from proxy.console.reading.packages import Packages
from proxy.console.reviewing import Reviewing
from proxy.keys.seal import SealError
from proxy.store.events import Change
from rules.hold import Hold, State
from rules.review.inert import slack

_KEEP = timedelta(days=8)
_FINAL = frozenset({"channel_not_found", "is_archived", "message_not_found", "cant_update_message"})


class SlackChannel:
    """The one channel that is posted to."""

    kind = "slack"
    name = "slack"
    people = True

    def __init__(self, slack: Slack, place: Place, reviewing: Reviewing, lines: Lines) -> None:
        self._slack = slack
        self._place = place
        self._reviewing = reviewing
        self._queue = Queue(reviewing.store, who="")
        self._lines = lines
        self._packages = Packages(reviewing)

    def wants(self, change: Change) -> bool:
        """Every change: what the message says of the hold would not be so any more."""
        return True

    async def tell(self, delivery: Delivery, hold: Hold) -> bool:
        """Post the message, or make the posted one say how the hold stands now. Raises Untold."""
        [line] = await self._lines.of([hold])
        if self._slack.hosts and line.told.host not in self._slack.hosts:
            return False
        shown = message(await self._seen(line))
        posted = await self._queue.kept(f"slack:{hold.hold_id}")
        if posted is not None:
            where = json.loads(posted)
            await call(self._slack, self._place, "chat.update", {**where, **shown})
            if (words := again(delivery.event, hold)) and hold.state is State.PENDING:
                # A message that is changed wakes nobody.
                text = f"{slack(words)}: {shown['text']}"
                thread = {"channel": where["channel"], "thread_ts": where["ts"], "reply_broadcast": True}
                said = {**thread, "text": text, "blocks": [section(text)], "unfurl_links": False}
                await call(self._slack, self._place, "chat.postMessage", said)
            return True
        said = await call(
            self._slack, self._place, "chat.postMessage", {"channel": self._slack.channel, **shown}
        )
        where = json.dumps({"channel": str(said.get("channel")), "ts": str(said.get("ts"))})
        await self._queue.keep(f"slack:{hold.hold_id}", where, lasts=_KEEP)
        return True

    async def _seen(self, line: Line) -> Seen:
        return Seen(
            hold=line.hold,
            words=line.told.words,
            standing=line.standing,
            package=await self._package(line.hold),
            link=self._place.hold_link(line.hold.hold_id),
            changes=await lesson_of(self._reviewing, line.hold),
        )

    async def _package(self, hold: Hold) -> dict[str, Any] | None:
        try:
            action = await self._reviewing.action(hold)
            facts = await self._packages.facts(hold, action)
        except SealError:
            return None
        return await self._packages.document(hold, facts, action)


async def call(slack: Slack, place: Place, method: str, members: dict[str, Any]) -> dict[str, Any]:
    """One method of Slack's API. Raises Untold, and CredentialError where there is no token."""
    headers = {
        "Authorization": f"Bearer {slack.token.read()}",
        "Content-Type": "application/json; charset=utf-8",
    }
    content = json.dumps(members).encode("ascii")
    status, body = await place.outgoing.post(f"{slack.url}/{method}", headers=headers, content=content)
    try:
        said = json.loads(body)
    except ValueError as error:
        raise Untold(f"it answered {status} with what is no JSON") from error
    if not isinstance(said, dict) or said.get("ok") is not True:
        # It answers 200 when it refuses, with a word for why.
        why = str(said.get("error") if isinstance(said, dict) else None)[:64]
        raise Untold(f"it answered {status} and `{why}`", final=why in _FINAL)
    return said
