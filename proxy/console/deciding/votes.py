"""What speaks for a hold so far: who has approved it, and who is still missing."""

from collections.abc import Sequence

from proxy.console.reading.shown import damaged
from proxy.console.reviewing import Reviewing, Vote
from proxy.keys.seal import SealError
from rules.action import Action
from rules.approval import Missing, Needed, in_words, missing, needed_for, same_person
from rules.decision import APPROVING
from rules.hold import Event, Hold, State
from rules.mcp.action import ToolAction
from rules.reviewer import Reviewer

_AFTER_YES = frozenset(
    {
        State.PENDING,
        State.APPROVED,
        State.CLAIMED,
        State.SENDING,
        State.EXECUTED,
        State.EXECUTION_ERROR,
        State.OUTCOME_UNKNOWN,
    }
)


def cast(reviewing: Reviewing, hold: Hold) -> Sequence[Vote]:
    """The approvals that count now, the oldest first. Raises Problem where one was not signed by us."""
    found = [hold.decision] if _is_approval(hold) else []
    try:
        votes = [Vote(stored=one, said=reviewing.verifier.read(one)) for one in (*hold.votes, *found)]
    except ValueError as error:
        raise damaged(hold, SealError(str(error))) from error
    now = reviewing.now()
    return [vote for vote in votes if vote.said.event in APPROVING and vote.said.until >= now]


def of(votes: Sequence[Vote], who: Reviewer) -> Vote | None:
    """What `who` has said among them."""
    return next((vote for vote in votes if same_person(vote.said.who, who.name)), None)


def given(reviewing: Reviewing, hold: Hold, who: Reviewer, *, digest: str) -> bool:
    """Whether `who` has approved exactly that already, and nobody has taken it back."""
    if hold.state not in _AFTER_YES or digest != hold.digest or not (hold.votes or hold.decision):
        return False
    vote = of(cast(reviewing, hold), who)
    return vote is not None and vote.said.event is Event.APPROVE


def shown(reviewing: Reviewing, hold: Hold, action: Action | ToolAction) -> dict[str, object]:
    """Who has to approve it, who has, and who is still missing, as JSON values. Raises Problem."""
    needed = needed_for(action, reviewing.ruleset(), rule=hold.rule)
    votes = cast(reviewing, hold)
    still = lacking(needed, votes)
    return {
        "people": needed.quorum.count,
        "groups": list(needed.quorum.groups),
        "votes": [
            {"who": vote.said.who, "at": vote.said.at.isoformat(), "groups": list(vote.said.groups)}
            for vote in votes
        ],
        "missing_people": still.people,
        "missing_groups": list(still.groups),
        "missing": None if still.nobody else in_words(still),
    }


def lacking(needed: Needed, votes: Sequence[Vote]) -> Missing:
    """Who is missing beside these."""
    return missing(needed.quorum, [vote.said for vote in votes])


def _is_approval(hold: Hold) -> bool:
    return bool(hold.decision) and hold.state in _AFTER_YES and hold.state is not State.PENDING
