"""Signed posts to programs (standardwebhooks.com): what became of which hold, and nothing of its contents."""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from proxy.channels.outgoing import Untold
from proxy.channels.place import Place
from proxy.channels.queue import Delivery
from proxy.channels.settings import SecretPlace, Webhook
from proxy.channels.told import AGAIN
from proxy.console.reading.lines import Line, Lines
from proxy.console.reading.shown import drill_of
from proxy.credentials.sources.secret import CredentialError
from proxy.store.events import Change
from rules.hold import DISPOSITIONS, Hold, State

# Tokens and searches for people stand there.
_QUERY = re.compile(r"\?[^\s`]+")
_PREFIX = "whsec_"
_LEAST_BYTES = 16
_GONE = 410
_DECIDED = frozenset({State.REJECTED, State.CANCELLED})


class WebhookChannel:
    """One program that is told."""

    kind = "webhook"

    def __init__(self, webhook: Webhook, place: Place, lines: Lines) -> None:
        self._webhook = webhook
        self._place = place
        self._lines = lines

    @property
    def name(self) -> str:
        """Which one it is."""
        return f"webhook-{self._webhook.name}"

    @property
    def people(self) -> bool:
        """As it is configured: its address says nothing of who reads there."""
        return self._webhook.people

    def wants(self, change: Change) -> bool:
        """Every new state that is configured, and that a hold which waits has waited for long."""
        new = change.state is not change.was or change.event in AGAIN
        return new and change.state in self._webhook.events

    async def tell(self, delivery: Delivery, hold: Hold) -> bool:
        """Post it. Raises Untold, and CredentialError where a secret cannot be had."""
        [line] = await self._lines.of([hold])
        if self._webhook.hosts and line.told.host not in self._webhook.hosts:
            return False
        content = json.dumps(_payload(delivery, line, self._place)).encode("ascii")
        stamp = str(int(self._place.now()))
        headers = {
            "Content-Type": "application/json",
            "Webhook-Id": delivery.delivery_id,
            "Webhook-Timestamp": stamp,
            "Webhook-Signature": signatures(self._webhook.secrets, delivery.delivery_id, stamp, content),
        }
        status, _ = await self._place.outgoing.post(self._webhook.url, headers=headers, content=content)
        if not 200 <= status < 300:
            raise Untold(f"it answered {status}", final=status == _GONE)
        return True


def signatures(secrets: Iterable[SecretPlace], delivery_id: str, stamp: str, content: bytes) -> str:
    """One by each secret: while one goes and another comes, either is enough. Raises CredentialError."""
    signed = f"{delivery_id}.{stamp}.".encode() + content
    keys = [_key(place.read()) for place in secrets]
    made = [base64.b64encode(hmac.digest(key, signed, sha256)).decode() for key in keys]
    return " ".join(f"v1,{one}" for one in made)


def _payload(delivery: Delivery, line: Line, place: Place) -> dict[str, Any]:
    hold = line.hold
    decided = delivery.state in _DECIDED
    return {
        "type": f"hold.{delivery.state}",
        "timestamp": _moment(delivery.mark),
        "data": {
            "hold_id": hold.hold_id,
            "state": delivery.state,
            "was": delivery.was,
            "event": delivery.event if delivery.event in AGAIN else None,
            "escalated_to": hold.escalated_to or None,
            "disposition": DISPOSITIONS.get(delivery.state),
            "attempts": delivery.attempts,
            "summary": _QUERY.sub("?...", line.told.words),
            "method": line.told.method,
            "host": line.told.host,
            "tier": int(hold.tier),
            "rule": hold.rule,
            "created_at": hold.created_at.isoformat(),
            "decide_by": hold.decide_by.isoformat(),
            "decision_reason": (hold.decision_reason or None) if decided else None,
            "drill": drill_of(hold),
            "link": place.hold_link(hold.hold_id),
        },
    }


def _moment(mark: str) -> str:
    """When a change was made: its place in the log begins with it, in milliseconds."""
    return datetime.fromtimestamp(int(mark.partition("-")[0]) / 1000, tz=UTC).isoformat()


def _key(secret: str) -> bytes:
    """The key that a secret stands for. Raises CredentialError."""
    try:
        coded = secret.startswith(_PREFIX)
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if coded else secret.encode()
    except binascii.Error as error:
        raise CredentialError("a secret that begins with `whsec_` goes on in base64: write it so") from error
    if len(key) < _LEAST_BYTES:
        raise CredentialError(f"a webhook's secret needs {_LEAST_BYTES} bytes: make a longer one")
    return key
