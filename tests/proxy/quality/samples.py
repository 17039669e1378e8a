"""Calls that passed, for tests."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ulid import ULID

from proxy.quality.passes import Sample
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.proxy.console.pages.browser import posting
from tests.proxy.console.world import World

PASSING = Judgement(
    tier=Tier.REVERSIBLE, verdict=Verdict.PASS, reason_id=ReasonId.DEFAULT_REVERSIBLE, reason="can be undone"
)


async def kept(world: World, *, most: int = 10, **changes: Any) -> Sample:
    """One that was kept just now."""
    made = Sample.of(str(ULID()), posting(b'{"note": "<b>hi</b>"}'), PASSING)
    sample = replace(made, at=world.clock(), **changes)
    assert await world.reviewing().passes.keep(sample, ttl=timedelta(hours=1), most=most)
    return sample
