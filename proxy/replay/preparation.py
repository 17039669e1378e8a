"""What an approved action is sent with, once nothing speaks against it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from proxy.credentials.credentials import Credentials
from proxy.credentials.supply import Outgoing, Supplied
from proxy.destinations import Address, Destinations
from proxy.drift.snapshots import Snapshots, Unrecorded, Unverified
from proxy.grants.kept import Grants, lapsed
from proxy.keys.keyring import KeyMissing
from proxy.keys.seal import SealError
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Verifier
from proxy.metrics import Metrics
from proxy.replay.exchange import outgoing_fields
from proxy.replay.line import IDEMPOTENCY_HEADER, Unsent
from proxy.store.store import Store
from rules.action import Action
from rules.approval import needed_for
from rules.classify import classify
from rules.handling import Handling
from rules.headers import Fields
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.normalize import normalize
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal, Verdict

logger = logging.getLogger(__name__)


class Changed(Exception):
    """what was approved is not what would run; `cause` is a word for it, `fields` are kept with the hold"""

    def __init__(self, cause: str, note: str, fields: dict[str, bytes] | None = None) -> None:
        super().__init__(note)
        self.cause = cause
        self.fields = fields or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An action against which nothing speaks, and what it is sent with."""

    action: Action
    """With our own condition on what its last read has shown, where there is one."""
    conditional: bool
    supplied: Supplied
    where: Address
    handling: Handling


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Finds out whether an approved hold may be sent as it was approved, and with what."""

    store: Store
    sealed: Sealed
    verifier: Verifier
    credentials: Credentials
    snapshots: Snapshots
    destinations: Destinations
    ruleset: Callable[[], Ruleset]
    metrics: Metrics
    grants: Grants | None = None

    def waits_for_agent(self, action: Action | ToolAction) -> bool:
        """Whether only the agent's own identical retry, or its session, can supply what `action` needs."""
        if isinstance(action, ToolAction):
            return True
        return bool(action.credentials) and not self.credentials.has(action)

    async def ready(self, hold: Hold, live: Fields | None) -> Ready:
        """All that has to be right before a connection is opened. Raises Changed, Unsent, CredentialError."""
        action = await self.approved_action(hold)
        if isinstance(action, ToolAction):
            raise Unsent("only the agent's own session can carry it")
        ruleset = self.ruleset()
        call = normalize(action.message(), paths=ruleset.paths)
        check(hold, call if isinstance(call, Refusal) else classify(call, ruleset))
        try:
            standing = await self.snapshots.check(hold, action, live=live)
        except KeyMissing as error:
            raise Unsent(str(error)) from error
        except SealError as error:
            raise self._broken(hold, error) from error
        except Unrecorded as error:
            raise Changed("unrecorded", f"drift: {error}") from error
        except Unverified as error:
            raise Unsent(str(error)) from error
        if standing.drifts:
            changed = self.snapshots.shots.refusal(hold, standing.now)
            raise Changed("changed", standing.note, changed)
        sent = replace(action, fields=(*action.fields, *standing.condition))
        handling = self.ruleset().handling(hold.rule)
        supplied = await self.supply(hold, sent, handling, live=live)
        where = await self.destinations.find(action.host, action.port)
        if isinstance(where, Refusal):
            raise Unsent(where.reason)
        conditional = bool(standing.condition)
        return Ready(action=sent, conditional=conditional, supplied=supplied, where=where, handling=handling)

    async def generations(self, action: Action, *, rule: str | None) -> str:
        """Which configured secrets would go out with `action` now. Raises StoreUnavailable."""
        return await self.credentials.generations(action, named=self.ruleset().handling(rule).credential)

    async def supply(
        self,
        hold: Hold,
        action: Action,
        handling: Handling,
        *,
        live: Fields | None = None,
        past: Supplied | None = None,
    ) -> Supplied:
        """The credentials that `action` is sent with, as `Credentials.supply` finds them."""
        header = handling.idempotency.header if handling.idempotency else IDEMPOTENCY_HEADER
        outgoing = Outgoing.of(action, outgoing_fields(action, header, hold.idempotency_key))
        return await self.credentials.supply(
            action, outgoing, named=handling.credential, live=live, past=past
        )

    async def approved_action(self, hold: Hold) -> Action | ToolAction:
        """What a reviewer has approved. Raises Changed if it, or the approval, is not what was written."""
        try:
            action = self.sealed.open_action(hold, await self.store.sealed(hold.hold_id, part="sealed"))
        except KeyMissing as error:
            raise Unsent(str(error)) from error
        except SealError as error:
            raise self._broken(hold, error) from error
        # INVARIANT: what nobody asked for never runs, whatever the store says, whose script refuses it too.
        if action.drill:
            raise self._broken(hold, SealError("it is a drill, which can never run"))
        # INVARIANT: the state in the store only says where a hold stands; the signature says that it may run.
        needed = needed_for(action, self.ruleset(), rule=hold.rule)
        if fault := self.verifier.fault(hold, needed):
            raise self._broken(hold, SealError(fault))
        if why := await lapsed(self.grants, hold, action, verifier=self.verifier, ruleset=self.ruleset()):
            raise Changed("policy", f"policy: {why}")
        return action

    def _broken(self, hold: Hold, error: SealError) -> Changed:
        self.metrics.integrity_failures.inc()
        logger.error("replay.integrity hold=%s", hold.hold_id)
        return Changed("integrity", f"integrity: {error}")


def check(hold: Hold, now: Judgement | Refusal) -> None:
    """Raises Changed where the policy of this moment forbids what was approved earlier."""
    if isinstance(now, Refusal):
        raise Changed("policy", f"policy: {now.reason}")
    if now.verdict is Verdict.BLOCK:
        raise Changed("policy", "policy: a rule forbids it since")
    if now.tier > hold.tier:
        words = f"policy: it is tier {int(now.tier)} now and was approved as tier {int(hold.tier)}"
        raise Changed("policy", words)
