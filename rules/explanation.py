"""All that bears on a call, with the evidence that its rules give."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.call import Call
from rules.classify import judgements
from rules.matching.truth import Truth
from rules.ruleset import Rule, Ruleset
from rules.verdict import Judgement, ReasonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """One judgement, and what its rule's author gave as evidence for the tier."""

    judgement: Judgement
    evidence: tuple[str, ...] = ()


def bearings(call: Call, ruleset: Ruleset) -> Iterator[Bearing]:
    """Every judgement that bears on `call`, the most severe first."""
    brought = ruleset.packs.rules if ruleset.packs else ()
    rules = {rule.id: rule for rule in (*brought, *ruleset.rules)}
    for judgement in judgements(call, ruleset):
        rule = rules.get(judgement.rule) if judgement.rule is not None else None
        evidence = () if rule is None else _evidence(rule, judgement, call)
        yield Bearing(judgement=judgement, evidence=evidence)


def _evidence(rule: Rule, judgement: Judgement, call: Call) -> tuple[str, ...]:
    if judgement.reason_id is not ReasonId.RULE_LOWERED:
        return rule.account.evidence
    holding = (alternative for alternative in rule.lower if alternative.holds(call) is Truth.TRUE)
    return next((alternative.evidence for alternative in holding), ()) or rule.account.evidence
