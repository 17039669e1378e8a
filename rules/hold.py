"""The life of a hold: its states, its events, and the one table of what may follow what.

Three things are kept apart: the call's binding never changes; the approval moves through `pending`
and `approved`; the execution has one claim and one disposition. The store applies this table as a
compare-and-set, so an illegal step changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rules.drill.drill import Answer, Mark
from rules.verdict import ReasonId, Tier


class State(StrEnum):
    """Where a hold stands."""

    PENDING = "pending"
    """Waits for a human's decision."""
    APPROVED = "approved"
    """A human said yes; it has not been sent."""
    CLAIMED = "claimed"
    """One worker has taken it and checks it again; no byte has left."""
    SENDING = "sending"
    """The request may be on its way; nobody but the worker that takes this step may send it."""
    EXECUTED = "executed"
    """It ran and the upstream's answer is stored."""
    EXECUTION_ERROR = "execution_error"
    """It ran and the upstream answered with an error, which is stored."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """It may have run; no answer is known, until somebody or something finds out."""
    NOT_EXECUTED = "not_executed"
    """It was not known whether it ran, then a person or a probe found that it did not; it will not."""
    REJECTED = "rejected"
    """A human said no."""
    EXPIRED = "expired"
    """Nobody decided, or nobody could run it, in time; nobody refused it."""
    DRIFT_REFUSED = "drift_refused"
    """What was approved is no longer what would run, so it did not run."""
    CANCELLED = "cancelled"
    """The agent that asked for it, or an operator, took it back before it was sent."""
    KILLED = "killed"
    """The kill switch stopped it before it was sent."""
    SUPERSEDED = "superseded"
    """A reviewer changed what it asks for: the hold that came of it goes on in its place."""
    DRILLED = "drilled"
    """It was a drill, and a reviewer has answered it; nothing of it could ever run."""


class Event(StrEnum):
    """What can happen to a hold."""

    VOTE = "vote"
    """One of the reviewers that it needs said yes, and others are still missing."""
    RECANT = "recant"
    """A reviewer took such a yes back."""
    APPROVE = "approve"
    """The reviewers' quorum said yes."""
    REMIND = "remind"
    """Its time to be decided is nearly over."""
    PROLONG = "prolong"
    """Nobody decided in time, and people are given more of it, perhaps other people."""
    UNDO = "undo"
    """A reviewer took an approval back within the time that there is for it."""
    REJECT = "reject"
    """A reviewer said no."""
    RESPOND = "respond"
    """A reviewer said no, and answered the agent instead."""
    SUPERSEDE = "supersede"
    """A reviewer changed what it asks for."""
    DRILL = "drill"
    """A reviewer answered a drill, in whatever way."""
    EXPIRE = "expire"
    """A clock ran out before the request was sent."""
    CANCEL = "cancel"
    """The agent that asked for it, or an operator, took it back."""
    KILL = "kill"
    """The kill switch reached it."""
    CLAIM = "claim"
    """A worker took it."""
    RELEASE = "release"
    """The worker gave it back, or died, before any byte left."""
    DRIFT = "drift"
    """The claim's check found a difference to what was approved."""
    SEND = "send"
    """The worker is about to write the first byte."""
    ANSWER = "answer"
    """The upstream answered below 400."""
    ERROR = "error"
    """The upstream answered 400 or above."""
    MISMATCH = "mismatch"
    """The upstream answered that our own condition does not hold: it did nothing (RFC 9110 section 13.2)."""
    LOSE = "lose"
    """No answer can come any more."""
    WITHDRAW = "withdraw"
    """The worker that took the step to sending knows that no byte of the request has left."""
    DOUBT = "doubt"
    """The worker's own journal knows of a sending that the store has lost."""
    RESEND = "resend"
    """A worker is about to repeat it under the key that the upstream runs once."""
    CONFIRM = "confirm"
    """A person or a probe found that it ran."""
    REFUTE = "refute"
    """A person or a probe found that it did not run, and it shall not."""
    REVIVE = "revive"
    """A probe found that it did not run, and its approval is still valid."""
    RETRY = "retry"
    """A person answers for sending it again, which approves it anew."""


class Resolution(StrEnum):
    """What was found out of an outcome that was unknown, or decided about it."""

    EXECUTED = "executed"
    """It ran."""
    NOT_EXECUTED = "not-executed"
    """It did not run, and it shall not."""
    TRY_AGAIN = "try-again"
    """It did not run, or that is taken for granted, and it is sent again."""


class Disposition(StrEnum):
    """What became of the effect (MCP SEP-2848's words)."""

    APPROVED_EXECUTED = "approved-executed"
    """It ran."""
    DENIED_NOT_EXECUTED = "denied-not-executed"
    """It did not run and will not."""
    EXECUTION_ERROR = "execution-error"
    """It ran and failed upstream."""
    OUTCOME_UNKNOWN = "outcome-unknown"
    """Nobody knows whether it ran."""


# INVARIANT: what may have been sent is sent again in four ways only.
# WITHDRAW: by its fence, the one worker that could have sent it says that no byte left.
# RESEND: the repetition has the same bytes and the same key, and the upstream promised to run that once;
# it never leaves SENDING and OUTCOME_UNKNOWN, so that nothing takes it for unsent in between.
# REVIVE: the upstream itself says that it did not run. RETRY: a person answers for it.
TRANSITIONS: dict[State, dict[Event, State]] = {
    State.PENDING: {
        Event.APPROVE: State.APPROVED,
        Event.VOTE: State.PENDING,
        Event.RECANT: State.PENDING,
        Event.REMIND: State.PENDING,
        Event.PROLONG: State.PENDING,
        Event.REJECT: State.REJECTED,
        Event.RESPOND: State.REJECTED,
        Event.SUPERSEDE: State.SUPERSEDED,
        Event.DRILL: State.DRILLED,
        Event.EXPIRE: State.EXPIRED,
        Event.CANCEL: State.CANCELLED,
        Event.KILL: State.KILLED,
    },
    State.APPROVED: {
        Event.CLAIM: State.CLAIMED,
        Event.UNDO: State.PENDING,
        Event.REJECT: State.REJECTED,
        Event.RESPOND: State.REJECTED,
        Event.EXPIRE: State.EXPIRED,
        Event.CANCEL: State.CANCELLED,
        Event.KILL: State.KILLED,
    },
    State.CLAIMED: {
        Event.SEND: State.SENDING,
        Event.RELEASE: State.APPROVED,
        Event.DRIFT: State.DRIFT_REFUSED,
        Event.DOUBT: State.OUTCOME_UNKNOWN,
        Event.EXPIRE: State.EXPIRED,
        Event.CANCEL: State.CANCELLED,
        Event.KILL: State.KILLED,
    },
    State.SENDING: {
        Event.ANSWER: State.EXECUTED,
        Event.ERROR: State.EXECUTION_ERROR,
        Event.LOSE: State.OUTCOME_UNKNOWN,
        Event.WITHDRAW: State.APPROVED,
        Event.MISMATCH: State.DRIFT_REFUSED,
    },
    State.EXECUTED: {},
    State.EXECUTION_ERROR: {},
    # The one worker that sent it may still learn the answer, or know that it did not send.
    State.OUTCOME_UNKNOWN: {
        Event.ANSWER: State.EXECUTED,
        Event.ERROR: State.EXECUTION_ERROR,
        Event.WITHDRAW: State.APPROVED,
        Event.RESEND: State.SENDING,
        Event.CONFIRM: State.EXECUTED,
        Event.REFUTE: State.NOT_EXECUTED,
        Event.REVIVE: State.APPROVED,
        Event.RETRY: State.APPROVED,
    },
    State.NOT_EXECUTED: {},
    State.REJECTED: {},
    State.EXPIRED: {},
    State.DRIFT_REFUSED: {},
    State.CANCELLED: {},
    State.KILLED: {},
    State.SUPERSEDED: {},
    State.DRILLED: {},
}

OPEN = frozenset({State.PENDING, State.APPROVED, State.CLAIMED, State.SENDING})
"""States in which the same request joins the hold instead of opening another one."""

UNENDED = OPEN | {State.OUTCOME_UNKNOWN}
"""States that a hold may still leave."""

REMEMBERED = frozenset({State.REJECTED, State.OUTCOME_UNKNOWN})
"""Settled states that answer every later identical request: no denial or doubt is forgotten."""

DISPOSITIONS: dict[State, Disposition] = {
    State.EXECUTED: Disposition.APPROVED_EXECUTED,
    State.EXECUTION_ERROR: Disposition.EXECUTION_ERROR,
    State.OUTCOME_UNKNOWN: Disposition.OUTCOME_UNKNOWN,
    State.NOT_EXECUTED: Disposition.DENIED_NOT_EXECUTED,
    State.REJECTED: Disposition.DENIED_NOT_EXECUTED,
    State.EXPIRED: Disposition.DENIED_NOT_EXECUTED,
    State.DRIFT_REFUSED: Disposition.DENIED_NOT_EXECUTED,
    State.CANCELLED: Disposition.DENIED_NOT_EXECUTED,
    State.KILLED: Disposition.DENIED_NOT_EXECUTED,
    State.SUPERSEDED: Disposition.DENIED_NOT_EXECUTED,
    State.DRILLED: Disposition.DENIED_NOT_EXECUTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is known of a hold without its sealed contents. Times are aware, in UTC."""

    hold_id: str
    """The operation's id, a ULID: also when it was made."""
    state: State
    fence: int
    """Grows with every claim; a worker with an older one can change nothing."""
    digest: str
    fingerprint: str
    idempotency_key: str
    tier: Tier
    rule: str | None
    reason_id: ReasonId
    reason: str
    policy: str
    """Hash of the rule set that held it."""
    created_at: datetime
    decide_by: datetime
    run_by: datetime | None = None
    """Until when an approval may be used."""
    attempts: int = 1
    """How often the agent has asked for it."""
    decided_by: str = ""
    decision_reason: str = ""
    decision: str = ""
    """The reviewer's decision, signed by the console that took it."""
    key: str = ""
    """The data key of its contents, wrapped: it means nothing without the keys outside the store."""
    shredded: bool = False
    """Whether its contents have been destroyed, because their time was over."""
    note: str = ""
    """Why it ended as it did, where no person decided that."""
    credential: str = ""
    """Which configured secrets would have gone out when it was held, each as `name@generation`."""
    credential_used: str = ""
    """Which did go out."""
    sends: tuple[str, ...] = ()
    """Ids of the attempts for which the step to sending was taken, the oldest first."""
    keyed_by: str = ""
    """The header in which the last of them carried the idempotency key."""
    resend_by: datetime | None = None
    """Until when the upstream knows the key of the first of them, where it promised to."""
    resolved_as: Resolution | None = None
    """What was found out while the outcome was unknown."""
    resolved_by: str = ""
    """The person who found it out, or `probe`."""
    resolution_reason: str = ""
    collected: bool = False
    """Whether the agent has been given the outcome."""
    probed: bool = False
    """Whether what it would change is read when it is held, and has to be the same when it runs."""
    votes: tuple[str, ...] = ()
    """What other reviewers than the last one said yes with, each signed like the decision."""
    grace_until: datetime | None = None
    """Until when an approval can be taken back; it does not run before."""
    responded: bool = False
    """Whether whoever rejected it answered the agent instead."""
    generation: int = 1
    """How many holds the agent's call has had, each of which was changed into the next one."""
    supersedes: str = ""
    """The hold that was changed into this one."""
    superseded_by: str = ""
    """The hold that this one was changed into."""
    edited_by: str = ""
    """The reviewer who changed it."""
    talk_count: int = 0
    """How many times something was said about it."""
    asked: bool = False
    """Whether its agent was asked something and has not answered."""
    rung: int = 0
    """How often people were given more time to decide."""
    escalated_to: str = ""
    """The group that was asked because nobody else had decided."""
    watched_by: str = ""
    """The reviewer who looks at it."""
    watched_until: datetime | None = None
    """Until when that counts."""
    drill: Mark | None = None
    """What it is a drill of. Such a hold never runs, and counts in nothing that measures real ones."""
    drill_answer: Answer | None = None
    """What a person answered; a drill that expired has none."""
    trace: str = ""
    """The span of its admission (W3C `traceparent`), where calls are traced."""

    @property
    def settled(self) -> bool:
        """Whether there is an outcome to tell the agent."""
        return self.state not in OPEN


def origins(event: Event) -> tuple[State, ...]:
    """The states in which `event` may happen."""
    return tuple(state for state, row in TRANSITIONS.items() if event in row)


def diagram() -> str:
    """The table as a Mermaid state diagram, for the docs."""
    rows = [
        f"    {state} --> {target}: {event}"
        for state, row in TRANSITIONS.items()
        for event, target in row.items()
    ]
    ends = [f"    {state} --> [*]" for state, row in TRANSITIONS.items() if not row]
    return "\n".join(["stateDiagram-v2", "    [*] --> pending", *rows, *ends])
