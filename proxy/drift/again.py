"""A reviewer asks again: a new hold of an action that was refused because something had changed."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from proxy.drift.snapshots import Snapshots
from proxy.keeping import Keeping
from proxy.store.record import Draft
from rules.action import Action
from rules.call import HttpCall
from rules.classify import classify
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.normalize import normalize
from rules.ruleset import Ruleset
from rules.verdict import Refusal, Verdict

logger = logging.getLogger(__name__)


class Hopeless(Exception):
    """the action could not run whoever approved it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Makes the new hold; the old one stays what it is."""

    keeping: Keeping
    snapshots: Snapshots
    ruleset: Callable[[], Ruleset]

    async def ask(self, hold: Hold) -> Hold:
        """A hold of the same action that waits for a decision, with a snapshot of now.

        The agent's next identical request joins it. If the agent has asked by itself meanwhile, that is the
        hold. Raises SealError, Hopeless and StoreUnavailable.
        """
        store, sealed = self.keeping.store, self.keeping.sealed
        action = sealed.open_action(hold, await store.sealed(hold.hold_id, part="sealed"))
        if isinstance(action, ToolAction):
            raise Hopeless("only the agent's own session can ask for a tool call: have it call again")
        ruleset = self.ruleset()
        call = normalize(action.message(), paths=ruleset.paths)
        if isinstance(call, Refusal):
            raise Hopeless(call.reason)
        draft = self._draft(hold, action, call, ruleset)
        # Frees the fingerprint, which an outcome that nobody was told of still has.
        await store.collect(hold)
        made, new = await store.open(draft)
        if new:
            self.keeping.metrics.holds_opened.labels(int(made.tier)).inc()
            logger.info("hold.asked_again hold=%s of=%s", made.hold_id, hold.hold_id)
            await self.snapshots.take(made, action, self.snapshots.reads(call, made.rule), live=None)
        return made

    def _draft(self, hold: Hold, action: Action, call: HttpCall, ruleset: Ruleset) -> Draft:
        """As the old one, and never milder; by the rules of now where they are stricter."""
        now = classify(call, ruleset)
        if now.verdict is Verdict.BLOCK:
            raise Hopeless(now.reason)
        judged, policy = (now, ruleset.hash) if now.tier > hold.tier else (hold, hold.policy)
        agent = replace(self.keeping.agent, principal=action.principal)
        keeping = replace(self.keeping, agent=agent)
        draft = replace(
            keeping.draft(action, judged, fingerprint=hold.fingerprint, policy=policy),
            # A cap of its own: an agent that floods keeps no reviewer from asking.
            agent=agent.keyed("asked again"),
            trace=hold.trace,
            window=ruleset.handling(judged.rule).time_to_decide,
            probed=bool(self.snapshots.reads(call, judged.rule)),
        )
        return keeping.close(draft, action)
