"""How grave a call is that came as an MCP message."""

from collections.abc import Iterable

from rules.classify import judgements, standing
from rules.mcp.meaning import Weighed
from rules.mcp.pins import Change
from rules.ruleset import Ruleset
from rules.verdict import Judgement, ReasonId, Tier, Verdict

_DEFAULTS = frozenset(
    {
        ReasonId.DEFAULT_READ,
        ReasonId.DEFAULT_REVERSIBLE,
        ReasonId.DEFAULT_WRITE,
        ReasonId.DEFAULT_DELETE,
        ReasonId.DEFAULT_UNKNOWN_HOST,
    }
)


def weigh(
    asked: Weighed,
    ruleset: Ruleset,
    *,
    change: Change | None = None,
    beside: Iterable[Judgement] = (),
) -> Judgement:
    """The judgement that stands of `asked`. `change`: what is different about the tool.

    `beside`: judgements of the request that carries it, which count as well.
    """
    bearing = [*beside, *judgements(asked.call, ruleset)]
    if asked.usual is not None:
        own = _usual(asked.call.tool, asked.usual, observed=ruleset.observed)
        bearing = [judgement for judgement in bearing if judgement.reason_id is not ReasonId.DEFAULT_TOOL]
        # A rule of the operator that names the method speaks in place of the usual tier.
        named = any(judgement.reason_id in (ReasonId.RULE, ReasonId.RULE_LOWERED) for judgement in bearing)
        bearing += [] if named else [own]
    if change is not None:
        bearing.append(_changed(change, observed=ruleset.observed))
    return standing(bearing)


def of_rules(found: Iterable[Judgement]) -> list[Judgement]:
    """Those of `found` that are not only a general reading."""
    return [judgement for judgement in found if judgement.reason_id not in _DEFAULTS]


def _usual(method: str, tier: Tier, *, observed: bool) -> Judgement:
    reason = f"no rule names `{method}`, which is usually tier {int(tier)}"
    return _judgement(tier, ReasonId.DEFAULT_TOOL, reason, observed=observed)


def _changed(change: Change, *, observed: bool) -> Judgement:
    return _judgement(Tier.EXTERNAL, ReasonId.TOOL_CHANGED, f"the tool {change}", observed=observed)


def _judgement(tier: Tier, reason_id: ReasonId, reason: str, *, observed: bool) -> Judgement:
    held = tier > Tier.REVERSIBLE
    return Judgement(
        tier=tier,
        verdict=Verdict.HOLD if held and not observed else Verdict.PASS,
        reason_id=reason_id,
        reason=reason,
        observed=held and observed,
    )
