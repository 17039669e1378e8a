"""What a call would change, read when it is held and once more when it is claimed.

The first reads begin when the hold is recorded, so that nothing waits for them and a crash loses no hold.
INVARIANT: a hold says in its seal that it has reads. Without their record it is not sent, so that nobody
who writes to the store can take the check away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic

from proxy.credentials.credentials import Credentials
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.supply import Outgoing, Supplied
from proxy.drift.probe import Probe
from proxy.drift.shots import Shots, shown
from proxy.failure import ended, report
from proxy.metrics import Metrics
from proxy.store.record import StoreUnavailable
from rules.action import Action
from rules.call import HttpCall
from rules.drift.image import Image
from rules.drift.read import Read, carried, reads
from rules.drift.reference import Place
from rules.drift.shot import Drift, Shot, drifts, named, precondition
from rules.headers import Fields, framed
from rules.hold import Hold
from rules.ruleset import HttpEndpoint
from rules.template import fill

logger = logging.getLogger(__name__)

type Supply = Callable[[Read, Fields], Awaitable[Supplied]]
"""The credentials of a read that leaves with those fields."""

_AT_HOLD_SECONDS = 3.0
_AT_CLAIM_SECONDS = 10.0
_RECORD_FOR = 60.0
_RECORD_AGAIN_AFTER = 0.25
_MISSING_AFTER = timedelta(seconds=90)


class Unverified(Exception):
    """what the action would change cannot be compared with what it was"""


class Unrecorded(Exception):
    """there is no record of what the action would change, and there will be none"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a claim has found: the drift, and where there is none, the condition to send with the call."""

    drifts: tuple[Drift, ...] = ()
    condition: Fields = ()
    now: tuple[Shot, ...] = ()

    @property
    def note(self) -> str:
        """What has changed, by names."""
        return f"drift: since it was held these have changed: {named(self.drifts)}"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """Takes and compares the snapshots of holds."""

    shots: Shots
    probe: Probe
    credentials: Credentials
    metrics: Metrics
    tasks: asyncio.TaskGroup
    now: Callable[[], datetime] = _now
    busy: set[asyncio.Task[None]] = field(default_factory=set)
    """What is being read for holds that were just made."""

    def reads(self, call: HttpCall, rule: str | None) -> tuple[Read, ...]:
        """What shows the state that `call` would change, as its rule or the call itself says."""
        ruleset = self.probe.ruleset()
        snapshot, named = ruleset.handling(rule).snapshot, ruleset.rule(rule)
        if snapshot is None or named is None:
            return reads(call)
        paths = named.endpoint.paths if isinstance(named.endpoint, HttpEndpoint) else ()
        return reads(call, snapshot, filled=fill(snapshot.path, call, paths=paths))

    def begin(self, hold: Hold, action: Action, wanted: tuple[Read, ...], *, live: Fields) -> None:
        """Read what `hold` would change, beside whatever its agent does; `live`: the agent's credentials."""
        if hold.probed:
            task = self.tasks.create_task(self._taken(hold, action, wanted, live))
            self.busy.add(task)
            task.add_done_callback(self.busy.discard)

    async def stop(self) -> None:
        """Read no more; what has no record by then is not sent."""
        for task in (stopped := tuple(self.busy)):
            task.cancel()
        await asyncio.gather(*stopped, return_exceptions=True)

    async def check(self, hold: Hold, action: Action, *, live: Fields | None) -> Standing:
        """Whether all still is as it was when `hold` was made.

        Raises Unverified where that cannot be told now, Unrecorded, and SealError if the record was altered.
        """
        if not hold.probed:
            return Standing()
        before = await self.shots.before(hold)
        if before is None:
            if self.now() - hold.created_at > _MISSING_AFTER:
                raise Unrecorded(f"{Unrecorded.__doc__}: the process that read it has ended")
            raise Unverified("what it would change is still being read")
        wanted = shown(before)
        supply = self._supply(hold, action, live)
        shots = await self._read([shot.read for shot in wanted], action, supply, within=_AT_CLAIM_SECONDS)
        self._count("claim", shots)
        if unseen := next((shot.shown for shot in shots if isinstance(shot.shown, str)), None):
            raise Unverified(f"{Unverified.__doc__}: {unseen}")
        here = _place(action)
        return Standing(
            drifts=drifts(wanted, shots),
            condition=precondition(action.method, action.fields, here, shots),
            now=shots,
        )

    async def _taken(self, hold: Hold, action: Action, wanted: tuple[Read, ...], live: Fields) -> None:
        outcome = await ended(self.take(hold, action, wanted, live=live))
        if isinstance(outcome, StoreUnavailable):
            logger.error("snapshot.not_recorded hold=%s", hold.hold_id)
        elif isinstance(outcome, BaseException):
            report(f"snapshot.failed hold={hold.hold_id}", outcome)

    async def take(
        self, hold: Hold, action: Action, wanted: tuple[Read, ...], *, live: Fields | None
    ) -> None:
        """Read what `hold` would change and record it. Raises StoreUnavailable."""
        # The configured ones first: the claim will read with them, and others may be shown another state.
        shots = await self._read(wanted, action, self._supply(hold, action, live), within=_AT_HOLD_SECONDS)
        self._count("hold", shots)
        deadline = monotonic() + _RECORD_FOR
        while True:
            try:
                await self.shots.keep(hold, shots)
            except StoreUnavailable:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(_RECORD_AGAIN_AFTER)
            else:
                return

    def _supply(self, hold: Hold, action: Action, live: Fields | None) -> Supply:
        """The credentials of each read: none to anywhere but where the action goes."""
        wanted = self.probe.ruleset().handling(hold.rule).credential

        async def supply(read: Read, fields: Fields) -> Supplied:
            if read.place.origin != _place(action).origin:
                return Supplied()
            own = live if not self.credentials.has(action) else None
            asked = replace(action, method="GET", target=read.place.target, body=b"")
            outgoing = Outgoing.of(asked, framed(fields, b"GET", b""))
            return await self.credentials.supply(asked, outgoing, named=wanted, live=own)

        return supply

    async def _read(
        self,
        wanted: Iterable[Read],
        action: Action,
        supply: Supply,
        *,
        within: float,
    ) -> tuple[Shot, ...]:
        """What all reads show, each asked at the same time."""
        origin = _place(action).origin

        async def shot(read: Read) -> Shot:
            fields = carried(action.fields, read, origin=origin)
            try:
                async with asyncio.timeout(within):
                    supplied = await supply(read, fields)
            except TimeoutError:
                return Shot(read=read, shown=f"its credential could not be had within {within:g} s")
            except CredentialError as error:
                return Shot(read=read, shown=str(error))
            seen = await self.probe.see(read, fields, supplied, within=within)
            if isinstance(seen, Image) and read.place.origin != origin:
                seen = replace(seen, text=None)  # what is only used is pinned by its bytes
            return Shot(read=read, shown=seen)

        return tuple(await asyncio.gather(*(shot(read) for read in wanted)))

    def _count(self, moment: str, shots: Iterable[Shot]) -> None:
        for shot in shots:
            self.metrics.probes.labels(moment, _outcome(shot)).inc()


def _outcome(shot: Shot) -> str:
    if isinstance(shot.shown, str):
        return "unread"
    return "shown" if shot.shown.there else "absent"


def _place(action: Action) -> Place:
    return Place(scheme=action.scheme, host=action.host, port=action.port, target=action.target)
