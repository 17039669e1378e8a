"""A lead who grants calls of a kind, the calls of an agent, and the worker that runs what was approved."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proxy.console.granting.granting import Granting, Terms
from proxy.console.granting.using import Using
from proxy.console.reading.packages import Packages
from proxy.console.reading.seen import Named
from proxy.console.reviewing import Reviewing
from proxy.grants.kept import Known
from proxy.replay.replayer import Replayer
from proxy.replay.worker import Worker
from rules.action import Action
from rules.granting.grant import USUAL_COUNT, USUAL_TIME
from rules.hold import Hold, State
from rules.review.document import preview
from rules.reviewer import Reviewer
from rules.ruleset import Ruleset
from rules.verdict import Tier
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.console.world import ACTION, World
from tests.proxy.replays import action_to, replaying
from tests.rules.calls import compiled

NOTES = compiled("rules: [{id: note, match: {host: localhost, path: /notes/**}, tier: 3}]")


@dataclass(slots=True, kw_only=True)
class Office:
    """One domain. Nothing happens by itself: `look` lets the grants see what has come."""

    world: World
    upstream: Upstream
    replayer: Replayer
    reviewing: Reviewing
    using: Using

    @property
    def ruleset(self) -> Ruleset:
        """The rules of now."""
        return self.reviewing.ruleset()

    def action(self, body: object = None, **changes: Any) -> Action:
        """A note of the agent's."""
        content = json.dumps({"text": "hello", "to": "ann"} if body is None else body).encode()
        made = action_to(self.upstream.port, "/notes/1", body=content, principal=ACTION.principal)
        return replace(made, **changes)

    async def hold(self, action: Action | None = None, **how: Any) -> Hold:
        """It, held."""
        known: dict[str, Any] = {
            "tier": Tier.EXTERNAL,
            "rule": "note",
            "policy": self.ruleset.hash,
            "credential": "",
        } | how
        return await self.world.hold(self.action() if action is None else action, **known)

    async def grant(self, hold: Hold | None = None, *, who: str = "ada", **terms: Any) -> Known:
        """What a lead lets run, by what `hold` showed."""
        hold = await self.hold() if hold is None else hold
        asked = await self.terms(hold, **terms)
        return await Granting(self.reviewing).give(hold.hold_id, asked, who=self.person(who))

    async def terms(self, hold: Hold, **terms: Any) -> Terms:
        """What is asked for, by what `hold` showed."""
        facts = await Packages(self.reviewing).facts(hold, await self.reviewing.action(hold))
        named = Named(preview=preview(facts), viewed=frozenset())
        known = {"digest": hold.digest, "named": named, "reason": "a campaign", "time": USUAL_TIME}
        return Terms(**{**known, "count": USUAL_COUNT, **terms})

    def person(self, name: str) -> Reviewer:
        """Somebody as the console knows that person."""
        found = self.reviewing.people.named(name)
        assert found is not None
        return found

    async def look(self) -> None:
        """Let the grants see all that has changed."""
        while await self.using.look():
            pass

    async def came(self, action: Action | None = None, **how: Any) -> Hold:
        """A new hold, as it stands once the grants have seen it."""
        hold = await self.hold(action, **how)
        await self.look()
        return await self.found(hold)

    async def run(self, hold: Hold) -> int:
        """Let the worker have it; how often anything ran so far."""
        replayer = self.replayer
        worker = Worker(
            store=self.world.store,
            sealed=self.world.sealed,
            signals=self.world.signals,
            replayer=replayer,
            tasks=replayer.tasks,
        )
        await worker._run(hold.hold_id)
        return len(self.upstream.executed)

    async def found(self, hold: Hold) -> Hold:
        """The hold as it stands."""
        found = await self.world.store.find(hold.hold_id)
        assert found is not None
        return found

    async def stands(self, hold: Hold, state: State) -> bool:
        """Whether it stands so."""
        return (await self.found(hold)).state is state

    def key(self, name: str) -> str:
        """A key of the domain."""
        return f"{{sidegate:{self.world.domain}}}:{name}"


@asynccontextmanager
async def office(
    url: str, authority: Authority, folder: Path, *, ruleset: Ruleset = NOTES, **changes: Any
) -> AsyncIterator[Office]:
    """A new domain with an upstream that counts; `changes`: of what the console works with."""
    with Upstream(authority.issue()) as upstream:
        async with replaying(url, authority, ruleset=lambda: ruleset) as replays:
            world = replace(replays.world, folder=folder, ruleset=ruleset)
            reviewing = replace(world.reviewing(), **changes)
            using = Using(reviewing)
            await using.look()
            replayer = replace(replays.replayer, grants=world.grants)
            yield Office(world=world, upstream=upstream, replayer=replayer, reviewing=reviewing, using=using)
