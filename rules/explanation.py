"""What rules say of a call to people: all that bears on it with its evidence, and the rule's summary."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.call import Call
from rules.classify import judgements
from rules.matching.truth import Truth
from rules.ruleset import Rule, Ruleset
from rules.template import tell
from rules.verdict import Judgement, ReasonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """One judgement, and what its rule's author gave as evidence for the tier."""

    judgement: Judgement
    evidence: tuple[str, ...] = ()


def bearings(call: Call, ruleset: Ruleset) -> Iterator[Bearing]:
    """Every judgement that bears on `call`, the most severe first."""
    for judgement in judgements(call, ruleset):
        rule = ruleset.rule(judgement.rule)
        evidence = () if rule is None else _evidence(rule, judgement, call)
        yield Bearing(judgement=judgement, evidence=evidence)


def summary(call: Call, ruleset: Ruleset, rule_id: str | None) -> str | None:
    """The rule's sentence about `call`; None where it has none, or does not mean this call."""
    rule = ruleset.rule(rule_id)
    if rule is None or rule.account.summary is None or rule.matches(call) is Truth.FALSE:
        return None
    return tell(rule.account.summary, call, paths=rule.paths)


def _evidence(rule: Rule, judgement: Judgement, call: Call) -> tuple[str, ...]:
    if judgement.reason_id is not ReasonId.RULE_LOWERED:
        return rule.account.evidence
    holding = (alternative for alternative in rule.lower if alternative.holds(call) is Truth.TRUE)
    return next((alternative.evidence for alternative in holding), ()) or rule.account.evidence
