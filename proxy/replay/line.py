"""The line between not sent and maybe sent: everything that is written down before the first byte."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import timedelta
from time import monotonic
from typing import Any, Self

from ulid import ULID

from proxy.audit.recorder import Recorder
from proxy.audit.segments import AuditError
from proxy.metrics import Metrics
from proxy.replay.journal import Journal, JournalError
from proxy.store.record import StoreUnavailable
from proxy.store.store import Refused, Store
from proxy.witness import Witness, WitnessError
from rules.action import Action
from rules.handling import Idempotency
from rules.hold import Event, Hold

logger = logging.getLogger(__name__)

IDEMPOTENCY_HEADER = "Idempotency-Key"

_MOMENTS = ("http11.send_request_headers.started", "http2.send_connection_init.started")


class Unsent(Exception):
    """no byte of the request has left"""


class Unheard(Unsent):
    """no byte of the request has left, though the store may have it as being sent"""


def _never(_content: bytearray) -> bool:
    return False


@dataclass(slots=True, kw_only=True)
class Line:
    """Watches one exchange for the moment before its first byte. `patience`: seconds for its answer."""

    store: Store
    journal: Journal
    witness: Witness | None
    metrics: Metrics
    action: Action | None
    """The request that leaves, where it is one over HTTP."""
    hold: Hold
    """As it stands; the step to sending changes it."""
    event: Event
    """SEND, or RESEND for what may have been sent before."""
    patience: float
    idempotency: Idempotency | None = None
    credential_used: str = ""
    """Which configured secrets go out with it."""
    tried: bool = False
    """Whether the store was asked to record it as being sent."""
    taken: bool = False
    """Whether the store has it as being sent by us."""
    crossed: bool = False
    """Whether a byte may have left."""
    audit: Recorder | None = None
    enough: Callable[[bytearray], bool] = _never
    """Whether the answer is complete, though the upstream has not ended it."""

    @property
    def header(self) -> str:
        """The header that carries the idempotency key."""
        return self.idempotency.header if self.idempotency else IDEMPOTENCY_HEADER

    async def trace(self, name: str, info: dict[str, Any]) -> None:
        """Called by the HTTP client at every step of its own."""
        if name in _MOMENTS and not self.crossed:
            await self.step_over()

    async def step_over(self) -> None:
        """Cross: from here on, a byte may have left. Raises Unsent if none may."""
        await self.cross()
        self.crossed = True

    async def cross(self) -> None:
        """Record that the first byte is about to leave; raises Unsent if that may not be."""
        attempt = await self._announced()
        began = monotonic()
        try:
            if self.witness is not None and self.action is not None:
                self.witness.record(self.action, self.hold)
            await self._step(attempt)
            # After the step: what stands in the journal, the store has acknowledged.
            await asyncio.to_thread(self.journal.record, self.hold, attempt)
        except (WitnessError, JournalError) as error:
            raise Unsent(str(error)) from error
        except (Refused, StoreUnavailable) as error:
            raise Unsent(f"the step to sending was refused: {error}") from error
        try:
            self._check_since(began)
        except Unsent:
            # Should it fail, the attempt stays in doubt, and a person finds out that nothing ran.
            with suppress(JournalError):
                await asyncio.to_thread(self.journal.settle, self.hold)
            raise

    def _check_since(self, began: float) -> None:
        # INVARIANT: no byte leaves after the lease, when others take the outcome for unknown and may
        # have found that nothing ran.
        if monotonic() - began > self.store.lease.total_seconds():
            raise Unsent("this process stood still for longer than its claim lasts")

    async def _announced(self, event: str = "") -> str:
        """The id of the attempt that is about to be made, once the audit trail has it. Raises Unsent."""
        attempt = str(ULID())
        if self.audit is None:
            return attempt
        try:
            await self.audit.sending(self.hold, attempt=attempt, event=event or str(self.event))
        except AuditError as error:
            raise Unsent(str(error)) from error
        return attempt

    async def _step(self, attempt: str) -> None:
        written = {"sends": " ".join((*self.hold.sends, attempt)), "keyed_by": self.header, "resolved_as": ""}
        written |= {"credential_used": self.credential_used}
        self.tried = True
        self.hold = await self.store.step(
            self.hold,
            self.event,
            fence=self.hold.fence,
            fields={name: value.encode() for name, value in written.items()},
            times=self._window(),
        )
        self.taken = True
        self.metrics.transitions.labels(self.event).inc()

    def _window(self) -> dict[str, int]:
        """Until when a repetition meets an upstream that knows the key: counted from the first sending."""
        if self.idempotency is None or self.hold.resend_by is not None or self.hold.sends:
            return {}
        window = timedelta(seconds=max(0.0, self.idempotency.window - self.patience))
        return {"resend_by": int(window.total_seconds() * 1000)}


@dataclass(slots=True, kw_only=True)
class SecondLine(Line):
    """The line of a second request in one claim, whose first one the upstream has refused as unauthorized.

    Store and journal have the first one as sent, which is all that anybody has to know after a crash.
    """

    @classmethod
    def after(cls, first: Line) -> Self:
        """That of the same action, once `first` is crossed."""
        return cls(**{each.name: getattr(first, each.name) for each in fields(Line)} | {"crossed": False})

    async def cross(self) -> None:
        """Make sure that the claim still stands and may be used; raises Unsent if not."""
        await self._announced("again")
        began = monotonic()
        try:
            if await self.store.killed():
                raise Unsent("the kill switch is on")
            if self.witness is not None and self.action is not None:
                self.witness.record(self.action, self.hold)
            await self.store.renew(self.hold)
        except (WitnessError, Refused, StoreUnavailable) as error:
            raise Unsent(str(error)) from error
        self._check_since(began)
