"""Finds out what became of sendings whose outcome is unknown, where their rule says how.

By the same request under the same key, which its upstream runs once; else by a read that shows whether it
ran. What neither can tell waits for a person.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic

from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.supply import Outgoing, Supplied
from proxy.keys.seal import SealError
from proxy.replay.journal import JournalError
from proxy.replay.line import Unsent
from proxy.replay.preparation import Changed
from proxy.replay.replayer import Replayer
from proxy.signals import Signals
from proxy.store.record import StoreUnavailable
from proxy.store.store import Refused
from rules.action import Action
from rules.call import HttpCall
from rules.drift.read import Read, Subject, carried
from rules.drift.reference import Place
from rules.handling import Verify
from rules.headers import Fields, framed
from rules.hold import Event, Hold, Resolution, State
from rules.matching.reading import Gap
from rules.mcp.action import ToolAction
from rules.normalize import normalize
from rules.request.strict_json import Json, parse
from rules.template import fill

logger = logging.getLogger(__name__)

PROBE = "probe"

_AT_ONCE = 4
_PROBE_SECONDS = 10.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 600.0
_NOTES = {
    Resolution.EXECUTED: "the upstream shows that it ran",
    Resolution.NOT_EXECUTED: "the upstream shows that it did not run, and its approval has lapsed",
    Resolution.TRY_AGAIN: "the upstream shows that it did not run",
}


@dataclass(slots=True, kw_only=True)
class Unknowns:
    """One per process; the store makes sure that each step has only one of them anywhere."""

    signals: Signals
    replayer: Replayer
    tasks: asyncio.TaskGroup
    busy: set[str] = field(default_factory=set)
    """Ids of the holds that this process looks into."""
    _pauses: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By hold, when to look again and how long to wait after that."""
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            # `signals` reports an absent store; what is unknown stays so.
            with suppress(StoreUnavailable):
                await self._start_due()
            await self.signals.anything()

    async def _start_due(self) -> None:
        now, unknown = monotonic(), await self.replayer.store.unknown()
        self._pauses = {hold_id: pause for hold_id, pause in self._pauses.items() if hold_id in unknown}
        for hold_id, age in unknown.items():
            at, pause = self._pauses.get(hold_id, (0.0, _FIRST_PAUSE))
            if hold_id not in self.busy and now >= at:
                self._pauses[hold_id] = (now + pause, min(2 * pause, _LONGEST_PAUSE))
                self.busy.add(hold_id)
                self.tasks.create_task(self._look(hold_id, age))

    async def _look(self, hold_id: str, age: timedelta) -> None:
        try:
            async with self._slots:
                await self.replayer.contained(hold_id, self.find_out(hold_id, age))
        except (Refused, StoreUnavailable) as error:
            logger.info("unknowns.passed_over hold=%s why=%s", hold_id, error)
        finally:
            self.busy.discard(hold_id)

    async def find_out(self, hold_id: str, age: timedelta) -> None:
        """Do what the rule of the hold allows; `age`: for how long its outcome has been unknown."""
        hold = await self.replayer.store.find(hold_id)
        if hold is None or hold.state is not State.OUTCOME_UNKNOWN:
            return
        if self._repeatable(hold):
            hold = await self._repeat(hold)
        verify = self.replayer.ruleset().handling(hold.rule).verify
        if verify is not None and hold.state is State.OUTCOME_UNKNOWN:
            await self._verify(hold, verify, settled=age > timedelta(seconds=self.replayer.timeout))

    def _repeatable(self, hold: Hold) -> bool:
        """Whether the upstream promised to know the key, in the very header in which it went."""
        promise = self.replayer.ruleset().handling(hold.rule).idempotency
        if promise is None or hold.resend_by is None or hold.keyed_by != promise.header:
            return False
        now = datetime.now(UTC)
        # Only to spare the work: the store compares both with its own clock, in the step itself.
        return hold.resend_by > now and hold.run_by is not None and hold.run_by > now

    async def _repeat(self, hold: Hold) -> Hold:
        try:
            hold = await self.replayer.repeat(hold)
        except (Changed, Unsent, CredentialError, Refused) as error:
            logger.warning("unknowns.not_repeated hold=%s why=%s", hold.hold_id, error)
        else:
            logger.warning("unknowns.repeated hold=%s state=%s", hold.hold_id, hold.state)
        return hold

    async def _verify(self, hold: Hold, verify: Verify, *, settled: bool) -> None:
        """Ask the upstream. `settled`: the first sending has had the time in which it could still arrive."""
        ran = await self._ran(hold, verify)
        if ran:
            await self._resolve(hold, Event.CONFIRM, Resolution.EXECUTED)
        elif ran is False and settled:
            try:
                await asyncio.to_thread(self.replayer.journal.settle, hold)
                await self._resolve(hold, Event.REVIVE, Resolution.TRY_AGAIN)
            except JournalError as error:
                logger.warning("unknowns.not_revived hold=%s why=%s", hold.hold_id, error)
            except Refused as refused:
                if refused.why != "late":
                    raise
                await self._resolve(hold, Event.REFUTE, Resolution.NOT_EXECUTED)

    async def _resolve(self, hold: Hold, event: Event, found: Resolution) -> None:
        fields = {"resolved_as": found, "resolved_by": PROBE, "resolution_reason": _NOTES[found]}
        written = {name: value.encode() for name, value in fields.items()}
        await self.replayer.store.step(hold, event, fence=hold.fence, fields=written)
        self.replayer.metrics.transitions.labels(event).inc()
        logger.warning("unknowns.resolved hold=%s as=%s", hold.hold_id, found)

    async def _ran(self, hold: Hold, verify: Verify) -> bool | None:
        """Whether it ran, by what the upstream shows now; None where that does not tell."""
        try:
            action = await self._action(hold)
            read = self._read(hold, action, verify)
            fields = carried(action.fields, read, origin=read.place.origin)
            credentials = await self._credentials(hold, action, read, fields)
        except (SealError, CredentialError, Unsent) as error:
            logger.warning("unknowns.not_verified hold=%s why=%s", hold.hold_id, error)
            return None
        answer = await self.replayer.snapshots.probe.ask(read, fields, credentials, within=_PROBE_SECONDS)
        if isinstance(answer, str):
            logger.warning("unknowns.not_verified hold=%s why=%s", hold.hold_id, answer)
            return None
        return verify.tells(answer.status, _json(answer.body))

    async def _action(self, hold: Hold) -> Action:
        sealed = await self.replayer.store.sealed(hold.hold_id, part="sealed")
        action = self.replayer.sealed.open_action(hold, sealed)
        if isinstance(action, ToolAction):
            raise Unsent("no read shows what became of a tool call")
        return action

    def _read(self, hold: Hold, action: Action, verify: Verify) -> Read:
        """The read that its rule names, on the host of the action. Raises Unsent."""
        ruleset = self.replayer.ruleset()
        call, rule = normalize(action.message(), paths=ruleset.paths), ruleset.rule(hold.rule)
        paths = () if rule is None else rule.paths
        target = fill(verify.path, call, paths=paths) if isinstance(call, HttpCall) else None
        if target is None:
            raise Unsent("the path of its `verify` cannot be made of this call")
        place = Place(scheme=action.scheme, host=action.host, port=action.port, target=target)
        return Read(subject=Subject.SNAPSHOT, place=place)

    async def _credentials(self, hold: Hold, action: Action, read: Read, fields: Fields) -> Supplied:
        if self.replayer.waits_for_agent(action):
            raise Unsent("only its agent has the credentials to ask the upstream")
        asked = replace(action, method="GET", target=read.place.target, body=b"")
        outgoing = Outgoing.of(asked, framed(fields, b"GET", b""))
        named = self.replayer.ruleset().handling(hold.rule).credential
        return await self.replayer.credentials.supply(asked, outgoing, named=named)


def _json(body: bytes) -> Json | Gap:
    try:
        return parse(body)
    except ValueError:
        return Gap.UNREADABLE
