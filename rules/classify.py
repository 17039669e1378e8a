"""Which tier a call falls into.

Everything that bears on a call says so in a judgement of its own: each rule that names it, each rule that
may name it, the defaults, and what the request itself gives away. The most severe one stands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rules.call import Call, HttpCall, PayloadKind, ToolCall, by_path
from rules.general.batch.reading import inner_calls
from rules.general.effect import Effect
from rules.general.http import READS
from rules.general.override import asked_methods
from rules.general.reading import read
from rules.language.complaint import quote
from rules.matching.truth import Truth
from rules.ruleset import Defaults, Rule, Ruleset
from rules.triggers import carried_data, carried_secret
from rules.verdict import Category, Judgement, ReasonId, Spend, Tier, Verdict

_REASON_IDS = {
    Effect.READ: ReasonId.DEFAULT_READ,
    Effect.REVERSIBLE: ReasonId.DEFAULT_REVERSIBLE,
    Effect.DELETION: ReasonId.DEFAULT_DELETE,
}

_NONE_GIVEN = Defaults()


def classify(call: Call, ruleset: Ruleset) -> Judgement:
    """The most severe judgement of `call`; of equally severe ones the first. Never raises.

    INVARIANT: unknown takes the higher tier. A rule that cannot be decided only ever adds a judgement, it
    never keeps a default or another rule from adding theirs. Of several readings of a path, each adds all
    of its judgements.
    """
    return standing(judgements(call, ruleset))


def standing(bearing: Sequence[Judgement]) -> Judgement:
    """The one of `bearing`, which is never empty, that stands, with what any of them spends."""
    if len(bearing) == 1:
        return bearing[0]
    strictest = _strictest(bearing)
    found = (spend for judgement in bearing for spend in judgement.spends)
    # Those that bind come first: the first that is exceeded decides.
    spends = tuple(sorted(dict.fromkeys(found), key=lambda spend: spend.observed))
    return replace(strictest, spends=spends) if spends and strictest.verdict is Verdict.PASS else strictest


def judgements(call: Call, ruleset: Ruleset) -> list[Judgement]:
    """Every judgement that bears on `call`, the most severe first."""
    readings = by_path(call) if isinstance(call, HttpCall) else (call,)
    found = [judgement for one in readings for judgement in _judgements(one, ruleset)]
    return sorted(found, key=_severity, reverse=True) if len(found) > 1 else found


def over_budget(spend: Spend) -> Judgement:
    """The judgement of a call that would pass, had others not spent before it."""
    reason = (
        f"with earlier calls it exceeds what rule `{spend.rule}` lets pass in {spend.window} s: {spend.limit}"
    )
    judgement = _judgement(spend.over, ReasonId.BUDGET, reason)
    over = replace(judgement, rule=spend.rule, category=spend.category)
    return _let_go(over) if spend.observed else over


def _judgements(call: Call, ruleset: Ruleset) -> Iterator[Judgement]:
    certain, possible = _naming(call, ruleset)
    for judgement in _of_itself(call):
        yield _let_go(judgement) if ruleset.observed else judgement
    if isinstance(call, HttpCall) and call.overrides:
        yield from _of_read_override(call, ruleset)
    for rule in certain:
        judgement = _within_budget(_of_certain(rule, call), rule, call)
        yield _let_go(judgement) if rule.observed else judgement
    for rule in possible:
        yield _let_go(_of_possible(rule, call)) if rule.observed else _of_possible(rule, call)
    # INVARIANT: a rule that only observes takes no judgement away that binds.
    binding = [rule for rule in certain if ruleset.observed or not rule.observed]
    for judgement in _of_others(call, ruleset, silent=bool(binding)):
        yield _let_go(judgement) if ruleset.observed else judgement
    if isinstance(call, HttpCall):
        yield from (classify(inner, ruleset) for inner in inner_calls(call) or ())


def _naming(call: Call, ruleset: Ruleset) -> tuple[list[Rule], list[Rule]]:
    """The rules that certainly name `call`, and those of which that cannot be decided."""
    certain: list[Rule] = []
    possible: list[Rule] = []
    for rule in ruleset.candidates(call):
        truth = rule.matches(call)
        if truth is not Truth.FALSE:
            (certain if truth is Truth.TRUE else possible).append(rule)
    return certain, possible


def _of_itself(call: Call) -> Iterator[Judgement]:
    """What the call gives away, whatever the rules say."""
    if isinstance(call, HttpCall) and call.overrides:
        yield from _of_override(call)
    yield from _of_triggers(call)


def _of_others(call: Call, ruleset: Ruleset, *, silent: bool) -> Iterator[Judgement]:
    """What holds without a rule of the operator; `silent`: one has spoken in its place."""
    yield from _of_packs(call, ruleset, silent=silent)
    if isinstance(call, HttpCall) and ruleset.defaults.unknown_host is not None:
        yield from _of_unknown_host(call, ruleset.defaults.unknown_host, ruleset)


def _strictest(judgements: Sequence[Judgement]) -> Judgement:
    """The most severe that binds; where that passes, the most severe at all."""
    binding = [judgement for judgement in judgements if not judgement.observed]
    standing = max(binding or judgements, key=_severity)
    return standing if standing.verdict is not Verdict.PASS else max(judgements, key=_severity)


def _let_go(judgement: Judgement) -> Judgement:
    """`judgement` where it is only observed: what would be held passes."""
    if judgement.verdict is not Verdict.HOLD:
        return judgement
    reason = f"{judgement.reason}; it passes, because this is only observed"
    return replace(judgement, verdict=Verdict.PASS, reason=reason, observed=True)


def _of_packs(call: Call, ruleset: Ruleset, *, silent: bool) -> Iterator[Judgement]:
    """What the packs say of `call`, else the defaults; `silent`: a rule of the operator names the call.

    INVARIANT: nothing silences what a pack forbids, and a default that the operator gave speaks beside a
    pack, so that a pack can raise it and never lower it.
    """
    named = call if isinstance(call, HttpCall) else _of_known_server(call)
    certain, possible = _naming(named, ruleset.packs) if ruleset.packs else ([], [])
    yield from (_of_certain(rule, named) for rule in certain if rule.forbidden or not silent)
    yield from (_of_possible(rule, named) for rule in possible if rule.forbidden or not silent)
    if not silent and (not certain or _operator_has_default(call, ruleset)):
        yield _of_default(call, ruleset)


def _of_known_server(call: ToolCall) -> ToolCall:
    """`call` as packs name it.

    INVARIANT: which server it is says the operator, by `pack`: a server's own name, or the one that rules
    know it by, makes no pack speak on it.
    """
    return replace(call, server=call.definition.pack if call.definition is not None else "")


def _operator_has_default(call: Call, ruleset: Ruleset) -> bool:
    return ruleset.defaults != _NONE_GIVEN and bool(_given(_kind(call, read(call).effect), ruleset.defaults))


def _severity(judgement: Judgement) -> tuple[bool, Tier]:
    return (judgement.verdict is Verdict.BLOCK, judgement.tier)


def _of_certain(rule: Rule, call: Call) -> Judgement:
    """A rule that names `call`: its tier, or that of the first alternative that definitely holds."""
    if rule.forbidden:
        return _by_rule(rule, ReasonId.FORBIDDEN, rule.reason or f"rule `{rule.id}` forbids this call")
    undecided: list[Tier] = []
    for alternative in rule.lower:
        truth = alternative.holds(call)
        if truth is Truth.TRUE and alternative.tier >= max(undecided, default=alternative.tier):
            return _judgement(
                alternative.tier,
                ReasonId.RULE_LOWERED,
                alternative.reason or f"rule `{rule.id}` names this call and lowers its tier",
                rule=rule,
            )
        # INVARIANT: an earlier alternative that may hold with a higher tier bars a later, lower one.
        if truth is not Truth.FALSE:
            undecided.append(alternative.tier)
    if undecided:
        doubt = f"whether its tier may be lower cannot be decided: {_doubt(call)}"
        return _by_rule(rule, ReasonId.RULE_UNKNOWN, f"{_reason(rule)}; {doubt}")
    return _by_rule(rule, ReasonId.RULE, _reason(rule))


def _within_budget(judgement: Judgement, rule: Rule, call: Call) -> Judgement:
    """`judgement` with what the call spends, if the rule has a budget and it would pass."""
    if rule.budget is None or judgement.verdict is not Verdict.PASS:
        return judgement
    over = max(rule.tier, Tier.EXTERNAL)
    spend = rule.budget.spend(call, rule=rule.id, over=over)
    if spend is not None:
        spend = replace(spend, category=rule.account.category, observed=rule.observed)
        fits = spend.amount <= spend.limit
        return replace(judgement, spends=(spend,)) if fits else over_budget(spend)
    reason = f"how much of its budget it takes cannot be decided: {_doubt(call)}"
    return _judgement(over, ReasonId.BUDGET, f"{_reason(rule)}; {reason}", rule=rule)


def _of_possible(rule: Rule, call: Call) -> Judgement:
    doubt = f"whether rule `{rule.id}` names this call cannot be decided: {_doubt(call)}"
    return _by_rule(rule, ReasonId.RULE_UNKNOWN, f"{rule.reason}; {doubt}" if rule.reason else doubt)


def _of_default(call: Call, ruleset: Ruleset) -> Judgement:
    """What the general reading says, or the tier that a rules file gives to calls of that kind."""
    evidence = read(call)
    reason = f"no rule names this call, and {evidence.because}"
    kind = _kind(call, evidence.effect)
    given = _given(kind, ruleset.defaults)
    category = evidence.effect.category
    if given is None:
        reason_id = kind if kind is ReasonId.DEFAULT_TOOL else _REASON_IDS.get(evidence.effect, kind)
        return _judgement(evidence.effect.tier, reason_id, reason, category=category)
    return _judgement(given, kind, reason, category=category)


def _kind(call: Call, effect: Effect) -> ReasonId:
    """Which of the defaults that a file may give is about `call`.

    INVARIANT: evidence moves a call from a milder kind to a graver one, never back: what a file says of
    writes holds for every POST, and a GET that deletes is no read.
    """
    if not isinstance(call, HttpCall):
        return ReasonId.DEFAULT_TOOL
    if call.method == "DELETE" or effect is Effect.DELETION:
        return ReasonId.DEFAULT_DELETE
    reads = call.method in READS and effect is Effect.READ
    return ReasonId.DEFAULT_READ if reads else ReasonId.DEFAULT_WRITE


def _given(kind: ReasonId, defaults: Defaults) -> Tier | None:
    match kind:
        case ReasonId.DEFAULT_READ:
            return defaults.read
        case ReasonId.DEFAULT_WRITE:
            return defaults.write
        case ReasonId.DEFAULT_DELETE:
            return defaults.delete
        case _:
            return defaults.tool


def _of_unknown_host(call: HttpCall, least: Tier, ruleset: Ruleset) -> Iterator[Judgement]:
    if not ruleset.names_host(call.host):
        yield _judgement(least, ReasonId.DEFAULT_UNKNOWN_HOST, "no rule names this host")


def _of_read_override(call: HttpCall, ruleset: Ruleset) -> Iterator[Judgement]:
    """A server may follow the request or not: both count, and only a read is judged as what it asks for."""
    if _asks_to_read(call):
        asked = sorted(asked_methods(call) or ())
        yield from (classify(replace(call, method=method, overrides=()), ruleset) for method in asked)


def _of_override(call: HttpCall) -> Iterator[Judgement]:
    if not _asks_to_read(call):
        yield _judgement(
            Tier.HIGH_RISK,
            ReasonId.METHOD_OVERRIDE,
            f"the request asks to be treated as another method, by `{call.overrides[0]}`",
        )


def _asks_to_read(call: HttpCall) -> bool:
    asked = asked_methods(call)
    return bool(asked) and asked <= READS


def _of_triggers(call: Call) -> Iterator[Judgement]:
    if place := carried_secret(call):
        reason = f"{place} has the shape of a secret, which may be on its way out"
        yield _judgement(Tier.HIGH_RISK, ReasonId.SECRET_OUTBOUND, reason)
    if not isinstance(call, HttpCall) or not call.query:
        return
    if call.method in READS and (name := carried_data(call)):
        reason = f"{quote(name)} in its query is long and looks random, so a read may carry data out"
        yield _judgement(Tier.EXTERNAL, ReasonId.SECRET_OUTBOUND, reason)


def _by_rule(rule: Rule, reason_id: ReasonId, reason: str) -> Judgement:
    tier = Tier.HIGH_RISK if rule.forbidden else rule.tier
    judgement = _judgement(tier, reason_id, reason, rule=rule)
    return replace(judgement, verdict=Verdict.BLOCK) if rule.forbidden else judgement


def _judgement(
    tier: Tier,
    reason_id: ReasonId,
    reason: str,
    *,
    rule: Rule | None = None,
    category: Category | None = None,
) -> Judgement:
    return Judgement(
        tier=tier,
        verdict=Verdict.PASS if tier <= Tier.REVERSIBLE else Verdict.HOLD,
        reason_id=reason_id,
        reason=reason,
        rule=None if rule is None else rule.id,
        category=category if rule is None else rule.account.category,
    )


def _reason(rule: Rule) -> str:
    return rule.reason or f"rule `{rule.id}` names this call"


def _doubt(call: Call) -> str:
    if isinstance(call, HttpCall) and call.payload.kind is PayloadKind.OPAQUE:
        return "its body is not understood"
    if isinstance(call, HttpCall) and call.operations is None:
        return "which operations its payload asks for is not certain"
    return "it can be read in more than one way"
