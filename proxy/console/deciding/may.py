"""Who may do what to a hold: asked in one place, before anything else about the decision is looked at."""

from enum import StrEnum

from proxy.console.problem import Obstacle, Problem
from proxy.console.reading.shown import summary
from rules.approval import same_person
from rules.hold import Hold
from rules.reviewer import Reviewer


class Act(StrEnum):
    """What a person can do to a hold."""

    APPROVE = "approve"
    """Say yes to it."""
    UNDO = "undo"
    """Take an own yes back."""
    REJECT = "reject"
    """Say no to it."""
    RESPOND = "respond"
    """Say no, and answer the agent instead."""
    EDIT = "edit"
    """Change what it asks for."""
    ASK = "ask"
    """Ask its agent something."""
    COMMENT = "comment"
    """Say something to other people about it."""
    WATCH = "watch"
    """Be the one who looks at it."""
    CANCEL = "cancel"
    """Take it back."""
    ASK_AGAIN = "ask_again"
    """Make a new hold of it."""
    RESOLVE = "resolve"
    """Say what became of it."""


_OF_ANOTHER_PERSON = frozenset({Act.APPROVE, Act.EDIT})


def check_may(who: Reviewer, act: Act, hold: Hold, *, requester: str = "") -> None:
    """Raises Problem where `who` may not do that. `requester`: the person for whom the hold's agent asks."""
    if act in _OF_ANOTHER_PERSON and same_person(who.name, requester):
        detail = (
            f"its agent asks for `{requester}`, and nobody approves that for themselves: have another do it"
        )
        raise Problem(403, Obstacle.OWN_REQUEST, detail, members={"hold": summary(hold)})
