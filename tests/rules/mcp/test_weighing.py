"""How rules, the usual tier, a change and the request that carries a call come together."""

from rules.call import ToolCall
from rules.mcp.meaning import Weighed
from rules.mcp.weighing import of_rules, weigh
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.rules.mcp.rulesets import ruleset

_READ = Weighed(call=ToolCall(server="s", tool="get_x", arguments={}))
_PROMPT = Weighed(
    call=ToolCall(server="s", tool="prompts/get", arguments={"sql": "drop table x"}), usual=Tier(1)
)


def _judged(tier: int, reason_id: ReasonId = ReasonId.RULE) -> Judgement:
    verdict = Verdict.PASS if tier < 3 else Verdict.HOLD
    return Judgement(tier=Tier(tier), verdict=verdict, reason_id=reason_id, reason="")


def test_what_is_said_of_the_request_counts() -> None:
    """The most severe stands, wherever it comes from."""
    assert weigh(_READ, ruleset()).tier == 1
    assert weigh(_READ, ruleset(), beside=[_judged(4), _judged(2)]).tier == 4


def test_a_method_is_not_read_like_the_name_of_a_tool() -> None:
    """The general reading is for tools: a prompt's argument called `sql` is no statement."""
    assert weigh(_PROMPT, ruleset()).tier == 1


def test_a_rule_speaks_in_place_of_the_usual_tier() -> None:
    """An operator can allow what is usually refused, and not by a rule that only may name it."""
    sampling = Weighed(call=ToolCall(server="s", tool="sampling/createMessage", arguments={}), usual=Tier(4))
    named = "version: 1\nrules: [{id: a, match: {server: s, tool: sampling/createMessage}, tier: 2}]\n"
    unsure = "version: 1\nrules: [{id: a, match: {server: s, tool: Sampling/createMessage}, tier: 2}]\n"
    assert weigh(sampling, ruleset(named)).tier == 2
    assert weigh(sampling, ruleset(unsure)).tier == 4


def test_only_general_readings_of_the_request_are_left_out() -> None:
    """What a rule or a trigger says stays."""
    kept = [_judged(3), _judged(4, ReasonId.SECRET_OUTBOUND)]
    general = [_judged(3, ReasonId.DEFAULT_WRITE), _judged(3, ReasonId.DEFAULT_UNKNOWN_HOST)]
    assert of_rules([*kept, *general]) == kept
