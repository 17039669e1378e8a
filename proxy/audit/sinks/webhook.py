"""Audit records to a program over HTTP, signed as channels' posts are (standardwebhooks.com)."""

from collections.abc import Callable, Sequence
from time import time

from proxy.audit.following import Line
from proxy.audit.sinks.settings import SinkEntry
from proxy.channels.outgoing import Outgoing, Untold
from proxy.channels.webhook import signatures


class WebhookSink:
    """Posts the lines as they were written; the id of a post names its chain and its numbers."""

    def __init__(self, entry: SinkEntry, outgoing: Outgoing, *, now: Callable[[], float] = time) -> None:
        self._entry, self._outgoing, self._now = entry, outgoing, now

    async def give(self, lines: Sequence[Line]) -> None:
        """Post them. Raises Untold, and CredentialError where a secret cannot be had."""
        first, last = lines[0].record, lines[-1].record
        delivery, stamp = f"audit-{first.chain}-{first.seq}-{last.seq}", str(int(self._now()))
        content = b"".join(line.text + b"\n" for line in lines)
        headers = {
            "Content-Type": "application/x-ndjson",
            "Webhook-Id": delivery,
            "Webhook-Timestamp": stamp,
            "Webhook-Signature": signatures(self._entry.secrets, delivery, stamp, content),
        }
        status, _ = await self._outgoing.post(self._entry.to, headers=headers, content=content)
        if not 200 <= status < 300:
            raise Untold(f"it answered {status}")

    async def close(self) -> None:
        """Each post has a connection of its own."""
