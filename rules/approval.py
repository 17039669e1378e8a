"""Who must approve a call: the most that any rule asks for which bears on it."""

from rules.call import Call
from rules.classify import judgements
from rules.handling import Quorum
from rules.ruleset import Ruleset
from rules.verdict import Verdict


def quorum_of(call: Call, ruleset: Ruleset) -> Quorum:
    """The most people, and the groups of all rules, that name `call` or may name it and would hold it.

    INVARIANT: an agent may choose which rule fixes the tier, by a member more or a body that nobody reads,
    and can thereby add to those who must approve, never take away.
    """
    held = {judgement.rule for judgement in judgements(call, ruleset) if judgement.verdict is Verdict.HOLD}
    asked = [quorum for rule in held if (quorum := ruleset.handling(rule).quorum) is not None]
    groups = sorted({group for quorum in asked for group in quorum.groups})
    most = max((quorum.count for quorum in asked), default=1)
    return Quorum(count=max(most, len(groups)), groups=tuple(groups))
