"""Holds in Redis. The only module that knows a key or a field of theirs; each change is one atomic script.

All keys of one approval domain carry one hash tag, so on a cluster they share a slot.

    {sidegate:<domain>}:hold:<id>         hash, the hold; forgotten `keep` after its last change
    {sidegate:<domain>}:fingerprint:<fp>  id of the hold that the same request joins; expires like it
    {sidegate:<domain>}:holds             sorted set, id by time of creation, and the channel that
                                          announces changes; listing drops ids of forgotten holds
                                          from all six sets
    {sidegate:<domain>}:unended           sorted set, id by time of creation; ids leave with the state
    {sidegate:<domain>}:deadlines         sorted set, id by next deadline, after the end that of its contents
    {sidegate:<domain>}:approved          sorted set, id by time of approval; ids leave with the state
    {sidegate:<domain>}:unknown           sorted set, id by time of the loss; ids leave with the state
    {sidegate:<domain>}:drills            sorted set, id of open drills by time of creation
    {sidegate:<domain>}:kill              the kill switch while it is on; an operator lifts it
    {sidegate:<domain>}:recent:<agent>    sorted set, ids of an agent's new holds by time; for its cap
    {sidegate:<domain>}:quarantine:<agent>  there while an agent that flooded may open no hold
    {sidegate:<domain>}:events            stream, every change of a hold in order, bounded; `events` reads it
    {sidegate:<domain>}:spent:<budget>    hash, what was spent of a budget by slice of its window
    {sidegate:<domain>}:audit             stream, audit records for others, bounded, of `audit.sinks`
"""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from redis.asyncio import Redis

from proxy.store.events import LOGGED
from proxy.store.record import (
    CONTENTS,
    Draft,
    Unreadable,
    draft_fields,
    read_hold,
    text,
    texts,
)
from proxy.store.records import Records
from proxy.store.replicas import TOLD, Replicas
from proxy.store.timing import Cap, Clocks, timing_of
from rules.hold import OPEN, REMEMBERED, UNENDED, Event, Hold, State, origins
from rules.hold import TRANSITIONS as TABLE
from rules.talk import Kind
from rules.verdict import Spend, Tier

logger = logging.getLogger(__name__)

_SCRIPT = (Path(__file__).parent / "transition.lua").read_text()
_REWRAP_SCRIPT = (Path(__file__).parent / "rewrap.lua").read_text()
_SPEND_SCRIPT = (Path(__file__).parent / "spend.lua").read_text()
_MONEY_SCALE = 10**6
_SLACK = timedelta(days=1)
_COLLECTABLE = tuple(state for state in State if state not in OPEN | REMEMBERED)


class Refused(Exception):
    """the hold is not in a state in which this can happen"""

    def __init__(self, why: str, hold: Hold | None) -> None:
        super().__init__(why)
        self.why = why
        self.hold = hold


class Flooded(Exception):
    """the agent has opened more holds than its cap allows and is in quarantine"""


_USUAL_CAP = Cap()


class Told(Protocol):
    """Somebody who hears of every hold and of every step of one, whoever takes it."""

    def opened(self, hold: Hold, *, new: bool) -> None:
        """A call has a hold of its own, or joined one."""

    def stepped(self, hold: Hold, event: Event, *, by: str) -> None:
        """A hold has taken a step, by the person of that name where it was one."""

    def said(self, hold: Hold, kind: Kind, *, by: str) -> None:
        """Somebody said something about a hold: a person of that name, or its agent."""


class Store(Records):
    """Every hold of one approval domain, to be read and to be changed."""

    def __init__(
        self, redis: Redis, *, domain: str, clocks: Clocks, cap: Cap = _USUAL_CAP, replicas: int = 0
    ) -> None:
        longest = max(clocks.decision_window, *clocks.approval_validity.values())
        super().__init__(redis, domain=domain, keep=_ms(clocks.retention + longest + _SLACK))
        self._replicas = Replicas(redis, needed=replicas)
        self.told = list[Told]()
        self._cap = cap
        self._clocks = clocks
        self._script = redis.register_script(_SCRIPT)
        self._rewrap_script = redis.register_script(_REWRAP_SCRIPT)
        self._spend_script = redis.register_script(_SPEND_SCRIPT)

    @property
    def lease(self) -> timedelta:
        """How long a claim lasts without being renewed."""
        return self._clocks.lease

    async def open(self, draft: Draft) -> tuple[Hold, bool]:
        """Record a new hold durably, or join the one that this fingerprint already has.

        Returns the hold and whether it is new. A joined one has one attempt more. Raises Flooded.
        """
        while True:
            outcome, fields = await self._begin(draft, {"flood": self._cap.limits()})
            if outcome == "done":
                return self._opened(read_hold(draft.hold_id, fields), new=True), True
            if outcome == "flooded":
                raise Flooded(Flooded.__doc__)
            if outcome != "taken":
                raise ValueError(f"there is a hold with the id `{draft.hold_id}` already")
            joined = await self._join(fields["taken"], draft.fingerprint)
            if joined is not None:
                return self._opened(joined, new=False), False

    async def inject(self, drill: Draft, *, most: int) -> Hold | None:
        """Record a drill; None, and nothing, while `most` are open or the kill switch is on."""
        outcome, fields = await self._begin(drill, {"drills": most, "unkilled": True})
        if outcome in ("enough", "killed"):
            return None
        if outcome != "done":
            raise ValueError(f"there is a hold like the drill `{drill.hold_id}` already")
        return self._opened(read_hold(drill.hold_id, fields), new=True)

    async def supersede(self, hold: Hold, draft: Draft) -> Hold:
        """Put a new hold in the place of a pending one, which ends; in one step. Raises Refused."""
        instead: dict[str, Any] = {"id": hold.hold_id, "digest": hold.digest, "to": State.SUPERSEDED}
        instead["contents"] = _ms(self._clocks.contents)
        outcome, fields = await self._begin(draft, {"instead": instead})
        if outcome != "done":
            raise Refused(outcome, await self.find(hold.hold_id))
        made = read_hold(draft.hold_id, fields)
        ended = replace(hold, state=State.SUPERSEDED, superseded_by=made.hold_id)
        self._stepped(ended, Event.SUPERSEDE, by=draft.edited_by)
        return self._opened(made, new=True)

    async def _begin(self, draft: Draft, how: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """A new hold, if nothing speaks against it."""
        window = draft.window or self._clocks.decision_window
        times = {"created_at": 0, **self._clocks.window(window)}
        change = {"from": [], "to": State.PENDING, "deadline": "decide_by", "confirm": True, "times": times}
        change |= {"unended": True, "sooner": "remind_at", **how}
        return await self._change(draft.hold_id, draft.fingerprint, change, draft_fields(draft), of=draft)

    async def _join(self, hold_id: str, fingerprint: str) -> Hold | None:
        """One attempt more on an existing hold, or None if it is gone and its fingerprint free again."""
        change = {"from": list(State), "attempt": True}
        outcome, fields = await self._change(hold_id, fingerprint, change)
        if outcome != "done":
            return None
        hold = read_hold(hold_id, fields)
        if hold.fingerprint != fingerprint:
            # Told the wrong hold's outcome, an agent could be given another one's answer.
            raise Unreadable(f"the store joins the request to the hold `{hold_id}`, which is another one's")
        return hold

    async def step(self, hold: Hold, event: Event, *, by: str = "", **change: Any) -> Hold:
        """Apply `event` to `hold` by the table of states, for the person of that name where it is one's.

        Raises Refused with what stands in the way.
        """
        states = origins(event)
        target = TABLE[states[0]][event]
        timing = timing_of(event, self._clocks.spans(hold.tier))
        times = timing.get("times", {}) | change.pop("times", {})
        known = {"from": list(states), "to": target, "unended": target in UNENDED, "event": event}
        kept: dict[str, Any] = known | {"confirm": event in TOLD} | timing | change
        kept["times"] = times
        fields = kept.pop("fields", None)
        return self._stepped(await self._made(hold, kept, fields), event, by=by)

    def said(self, hold: Hold, kind: Kind, *, by: str) -> None:
        """Tell that something was said about `hold`, which was kept with it."""
        for one in self.told:
            one.said(hold, kind, by=by)

    def _opened(self, hold: Hold, *, new: bool) -> Hold:
        for one in self.told:
            one.opened(hold, new=new)
        return hold

    def _stepped(self, hold: Hold, event: Event, *, by: str) -> Hold:
        for one in self.told:
            one.stepped(hold, event, by=by)
        return hold

    async def prolong(self, hold: Hold, *, window: timedelta | None, group: str) -> Hold:
        """Give people one more decision window, `group` among them. Raises Refused."""
        fields = {"rung": str(hold.rung + 1).encode(), "escalated_to": group.encode()}
        times = self._clocks.window(window or self._clocks.decision_window)
        guard: dict[str, Any] = {"same": {"rung": str(hold.rung) if hold.rung else ""}, "past": ["decide_by"]}
        return await self.step(hold, Event.PROLONG, fields=fields, times=times, due=True, **guard)

    async def note(self, hold: Hold, fields: Mapping[str, bytes], **change: Any) -> Hold:
        """Write something down about `hold`, which stays where it is. Raises Refused."""
        return await self._made(hold, {"from": [hold.state], **change}, fields)

    async def _made(self, hold: Hold, change: Mapping[str, Any], fields: Mapping[str, bytes] | None) -> Hold:
        outcome, now = await self._change(hold.hold_id, hold.fingerprint, change, fields)
        current = read_hold(hold.hold_id, now) if "state" in now else None
        if outcome not in ("done", "again") or current is None:
            raise Refused(outcome, current)
        return current

    async def shred(self, hold: Hold) -> bool:
        """Forget the contents of an ended hold, and the key to them, once their time is over."""
        unended = hold.state in UNENDED
        change = {"from": [hold.state], "to": hold.state, "unended": unended, "due": True, "erase": CONTENTS}
        outcome, _ = await self._change(hold.hold_id, hold.fingerprint, change, {"shredded": b"1"})
        return outcome == "done"

    def validity(self, tier: Tier) -> timedelta:
        """How long an approval of this tier may be used."""
        return self._clocks.approval_validity[tier]

    async def renew(self, hold: Hold) -> None:
        """Tell that the worker that claimed `hold` is alive. Raises Refused when the claim is lost."""
        states = [State.CLAIMED, State.SENDING]
        change = {"from": states, "fence": hold.fence, "deadline": "lease_until"}
        change["times"] = {"lease_until": _ms(self._clocks.lease)}
        outcome, _ = await self._change(hold.hold_id, hold.fingerprint, change)
        if outcome != "done":
            raise Refused(outcome, None)

    async def collect(self, hold: Hold) -> bool:
        """Note that the agent was told the outcome, and free the fingerprint.

        False if somebody did before, or if it is a denial or a doubt: those stay remembered.
        """
        change = {"from": _COLLECTABLE, "release": True, "unless": "collected"}
        outcome, _ = await self._change(hold.hold_id, hold.fingerprint, change, {"collected": b"1"})
        return outcome == "done"

    async def keep(self, hold: Hold, *, part: str, sealed: bytes) -> bool:
        """Add a sealed `part` to a hold that nobody has sent; False where it has one, or it is too late."""
        unsent = [State.PENDING, State.APPROVED, State.CLAIMED]
        change = {"from": unsent, "unless": part}
        outcome, _ = await self._change(hold.hold_id, hold.fingerprint, change, {part: sealed})
        return outcome == "done"

    async def spend(self, spend: Spend, *, budget: str) -> bool:
        """Take `spend` of the budget with that key, if it still fits."""
        amount = math.ceil(spend.amount * _MONEY_SCALE)
        limit = math.floor(spend.limit * _MONEY_SCALE)
        async with self._guarded():
            fitted = await self._spend_script(
                [self._key(f"spent:{budget}")], [amount, limit, spend.window * 1000]
            )
        return bool(fitted)

    async def evaluate(self, script: str, names: Sequence[str], given: Sequence[str | int | bytes]) -> Any:
        """What another module's script does, in one step, with keys of its own in this domain."""
        keys = [self._key(name) for name in names]
        async with self._guarded():
            return await self._redis.eval(script, len(keys), *keys, *given)

    async def note_unended(self, holds: Sequence[Hold]) -> None:
        """Note holds of versions that did not, and forget those that have ended, as they were read."""
        key = self._key("unended")
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            for hold in holds:
                if hold.state in UNENDED:
                    pipeline.zadd(key, {hold.hold_id: hold.created_at.timestamp() * 1000}, nx=True)
                else:
                    pipeline.zrem(key, hold.hold_id)
            await pipeline.execute()

    async def rewrap(self, hold: Hold, key: str) -> str:
        """Replace the wrapped data key of `hold`, if it is what was read; tells what became of it."""
        async with self._guarded():
            return text(await self._rewrap_script([self._hold_key(hold.hold_id)], [hold.key, key]))

    async def kill(self, why: str | None) -> None:
        """Switch the kill switch on with a reason, or off with None."""
        key = self._key("kill")
        async with self._guarded():
            await self._replicas.confirmed(*(("DEL", key) if why is None else ("SET", key, why)))

    async def _change(
        self,
        hold_id: str,
        fingerprint: str,
        change: Mapping[str, Any],
        fields: Mapping[str, bytes] | None = None,
        *,
        of: Draft | None = None,
    ) -> tuple[str, dict[str, str]]:
        """Run the script; returns its outcome and the hold's fields after it."""
        arguments: list[bytes | str] = [
            json.dumps({**change, "id": hold_id, "keep": self._keep, "log": LOGGED})
        ]
        for name, value in (fields or {}).items():
            arguments += [name, value]
        keys = [
            self._hold_key(hold_id),
            self._key("holds"),
            self._key("deadlines"),
            self._key("approved"),
            self._key(f"fingerprint:{fingerprint}"),
            self._key("kill"),
            self._key(f"recent:{of.agent if of else ''}"),
            self._key(f"quarantine:{of.agent if of else ''}"),
            self._key("unknown"),
            self._key("unended"),
            self._key("events"),
            self._hold_key((of and of.supersedes) or hold_id),
            self._key("drills"),
        ]
        async with self._guarded():
            if change.get("confirm") and self._replicas.needed:
                reply = texts(await self._replicas.confirmed("EVAL", _SCRIPT, len(keys), *keys, *arguments))
            else:
                reply = texts(await self._script(keys, arguments))
        if reply[0] == "taken":
            return "taken", {"taken": reply[2]}
        if reply[0] == "flooded":
            if len(reply) > 2:
                logger.warning("agent.quarantined seconds=%d", self._cap.quarantine.total_seconds())
            return "flooded", {}
        return reply[0], dict(zip(reply[2::2], reply[3::2], strict=True))


def _ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
