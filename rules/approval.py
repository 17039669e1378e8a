"""Who must approve a call, and whether those who did are enough."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rules.action import Action
from rules.call import Call
from rules.classify import judgements
from rules.decision import Decision
from rules.handling import Quorum
from rules.mcp.action import ToolAction
from rules.normalize import normalize
from rules.request.spelling import fold
from rules.ruleset import Ruleset
from rules.verdict import Refusal, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """Who has to approve one hold. `requester`: the person for whom its agent asks, who may not."""

    quorum: Quorum
    requester: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Who still has to approve it. `people`: how many more; `groups`: of which one each must be among all."""

    people: int = 0
    groups: tuple[str, ...] = ()

    @property
    def nobody(self) -> bool:
        """Whether the quorum is full."""
        return not self.people and not self.groups


def needed_for(action: Action | ToolAction, ruleset: Ruleset, *, rule: str | None) -> Needed:
    """Who has to approve `action`, which `rule` held, under the rules of now."""
    call = action.call if isinstance(action, ToolAction) else normalize(action.message(), paths=ruleset.paths)
    if isinstance(call, Refusal):
        # What cannot be read any more is not run: another check says so.
        own = ruleset.handling(rule).quorum or Quorum()
        return Needed(quorum=own, requester=action.principal.human)
    return Needed(quorum=quorum_of(call, ruleset, rule=rule), requester=action.principal.human)


def quorum_of(call: Call, ruleset: Ruleset, *, rule: str | None = None) -> Quorum:
    """The most people, and the groups of all rules, that name `call` or may name it and would hold it.

    `rule`: the one that did hold it, for a budget perhaps.

    INVARIANT: an agent may choose which rule fixes the tier, by a member more or a body that nobody reads,
    and can thereby add to those who must approve, never take away.
    """
    held = {judgement.rule for judgement in judgements(call, ruleset) if judgement.verdict is Verdict.HOLD}
    asked = [quorum for one in {*held, rule} if (quorum := ruleset.handling(one).quorum) is not None]
    groups = sorted({group for quorum in asked for group in quorum.groups})
    most = max((quorum.count for quorum in asked), default=1)
    return Quorum(count=max(most, len(groups)), groups=tuple(groups))


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return bool(one.strip()) and fold(one.strip()) == fold(other.strip())


def missing(quorum: Quorum, approvals: Iterable[Decision]) -> Missing:
    """Who is still missing, where these have approved: each person counts once, for one group at most."""
    people = {fold(approval.who.strip()): frozenset(approval.groups) for approval in approvals}
    spoken = _matched(quorum.groups, people)
    without = tuple(group for group in quorum.groups if group not in spoken)
    return Missing(people=max(quorum.count - len(people), 0), groups=without)


def shortfall(approvals: Iterable[Decision], needed: Needed) -> str | None:
    """Why these approvals are not enough to run on, or None."""
    # Who has granted calls of a kind has not looked at this one: beside others that is no word.
    given = [one for one in approvals if not one.grant or needed.quorum == Quorum()]
    if any(same_person(needed.requester, approval.who) for approval in given):
        return "whoever asked for it has approved it"
    still = missing(needed.quorum, given)
    if still.nobody:
        return None
    return f"its approval is not complete: {in_words(still)}"


def in_words(still: Missing) -> str:
    """Who is missing, for people."""
    more = max(still.people, len(still.groups))
    people = "one more person has" if more == 1 else f"{more} more people have"
    of = f", among them one of {' and one of '.join(f'`{g}`' for g in still.groups)}" if still.groups else ""
    return f"{people} to approve it{of}"


def _matched(groups: Iterable[str], people: Mapping[str, frozenset[str]]) -> set[str]:
    """The groups for which there is a person each, as many of them as possible."""
    speakers: dict[str, str] = {}
    for group in groups:
        _seat(group, people, speakers, set())
    return set(speakers.values())


def _seat(
    group: str, people: Mapping[str, frozenset[str]], speakers: dict[str, str], tried: set[str]
) -> bool:
    """Find somebody for `group`, moving others to further groups of theirs where that helps."""
    for name, own in people.items():
        if group in own and name not in tried:
            tried.add(name)
            if name not in speakers or _seat(speakers[name], people, speakers, tried):
                speakers[name] = group
                return True
    return False
