"""Whether a person may do something: one function, which every surface asks.

A grant can only take away: whoever holds two of them may do what both allow.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from rules.review.money import Money, grouped
from rules.reviewer import Grant, Reviewer, Role, Scope
from rules.verdict import Tier


class Act(StrEnum):
    """What a person can do."""

    VIEW = "view"
    """See what is held and what became of it."""
    COMMENT = "comment"
    """Write a word for other people."""
    LABEL = "label"
    """Say whether it was right that a call was held, or that it passed."""
    WATCH = "watch"
    """Be the one who looks at a hold."""
    APPROVE = "approve"
    """Let it run."""
    REJECT = "reject"
    """Refuse it."""
    RESPOND = "respond"
    """Give the agent an answer in its place."""
    ASK = "ask"
    """Ask the agent something about it."""
    EDIT = "edit"
    """Put another action in its place."""
    UNDO = "undo"
    """Take a decision back."""
    CANCEL = "cancel"
    """Take it back for the agent."""
    RESOLVE = "resolve"
    """Say what became of an unknown outcome."""
    ASK_AGAIN = "ask_again"
    """Make a new hold of what did not run."""
    KILL = "kill"
    """Switch the kill switch on."""
    UNKILL = "unkill"
    """Switch it off."""
    GRANT = "grant"
    """Let calls pass that would be held."""
    PINS = "pins"
    """Accept tools as they are."""
    CHANNELS = "channels"
    """See what people and programs could not be told, and tell it again."""
    KEYS = "keys"
    """See and change keys."""
    USERS = "users"
    """See people, and take factors and sessions from them."""


class Bar(StrEnum):
    """Why a person may not do something."""

    ROLE = "role"
    """The role does not do this."""
    HIDDEN = "hidden"
    """The host is not in the scope: for this person there is no such hold."""
    TIER = "tier"
    """The tier is not in the scope."""
    AMOUNT = "amount"
    """The amount is over the scope's, or not certain."""
    REQUESTER = "requester"
    """The person asked for it, or the agent works for the person."""
    STEP_UP = "step_up"
    """A second factor has not been shown for this decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What of a hold bears on who may decide about it."""

    hold_id: str
    digest: str
    tier: Tier
    host: str | None
    """The host or the MCP server, or None where what is stored does not open."""
    human: str = ""
    """For whom the agent works."""
    money: Money | None = None
    """What it moves, where its rule says so."""
    moves_money: bool = False
    """Whether anything says that it moves some."""


def about(hold_id: str, digest: str) -> str:
    """What a second factor is shown for: this content of this very hold, and no other of the same content."""
    return f"{hold_id} {digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why not, and in words that continue "you may not do this: ..."."""

    bar: Bar
    sentence: str


_DECIDING = frozenset(
    {
        *(Act.COMMENT, Act.LABEL, Act.WATCH, Act.APPROVE, Act.REJECT, Act.RESPOND, Act.ASK, Act.EDIT),
        *(Act.UNDO, Act.CANCEL, Act.RESOLVE, Act.ASK_AGAIN, Act.KILL),
    }
)
_LEADING = _DECIDING | {Act.UNKILL, Act.GRANT, Act.PINS, Act.CHANNELS}

ALLOWED: dict[Role, frozenset[Act]] = {
    Role.VIEWER: frozenset({Act.VIEW}),
    Role.REVIEWER: frozenset({Act.VIEW, *_DECIDING}),
    Role.LEAD: frozenset({Act.VIEW, *_LEADING}),
    Role.ADMIN: frozenset(Act),
    Role.AUDITOR: frozenset({Act.VIEW}),
}

# What makes something run that would not run otherwise, or lets it be taken for done.
BINDING = frozenset({Act.APPROVE, Act.EDIT, Act.RESOLVE, Act.GRANT})
# What was edited waits for an approval of its own, which asks for the factor.
STEPPED = BINDING - {Act.EDIT}
_UNBOUNDED = frozenset({Act.VIEW, Act.COMMENT, Act.LABEL})


def refuse(
    who: Reviewer, act: Act, matter: Matter | None = None, *, step_up: frozenset[Tier] = frozenset()
) -> Refusal | None:
    """Why `who` may not do `act` to `matter`, or None. `step_up`: tiers that need a second factor."""
    if not who.grants:
        return Refusal(bar=Bar.ROLE, sentence="nobody has given you a role")
    for grant in who.grants:
        if refused := _refused(grant, act, matter):
            return refused
    if matter is None or act not in BINDING:
        return None
    if requested(who, matter.human):
        sentence = "the agent asks for you, so somebody else has to decide"
        return Refusal(bar=Bar.REQUESTER, sentence=sentence)
    if act in STEPPED and matter.tier in step_up and about(matter.hold_id, matter.digest) not in who.proven:
        words = "each decision needs a second factor: send a code or use a passkey"
        sentence = f"in tier {matter.tier:d} {words}"
        return Refusal(bar=Bar.STEP_UP, sentence=sentence)
    return None


def requested(who: Reviewer, human: str) -> bool:
    """Whether `human`, for whom an agent works, is this person."""
    return bool(human.strip()) and _same(human) in {_same(name) for name in (who.name, *who.also)}


def _refused(grant: Grant, act: Act, matter: Matter | None) -> Refusal | None:
    hiding = grant.scope if grant.role is not Role.AUDITOR else Scope()
    if matter is not None and not hiding.covers(matter.host):
        # Before the role, whose answer would tell that there is such a hold.
        return Refusal(bar=Bar.HIDDEN, sentence="its host is not in your scope")
    if act not in ALLOWED[grant.role]:
        able = ", ".join(f"`{role}`" for role in Role if act in ALLOWED[role])
        words = f"`{act}` is not for the role `{grant.role}`, ask somebody who is {able}"
        return Refusal(bar=Bar.ROLE, sentence=words)
    return None if matter is None or act in _UNBOUNDED else _beyond(grant.scope, matter)


def _beyond(scope: Scope, matter: Matter) -> Refusal | None:
    if scope.tiers and matter.tier not in scope.tiers:
        own = ", ".join(str(int(tier)) for tier in sorted(scope.tiers))
        sentence = f"it is of tier {matter.tier:d}, and your scope is tier {own}"
        return Refusal(bar=Bar.TIER, sentence=sentence)
    if not scope.amounts or not (matter.moves_money or matter.money):
        return None
    if matter.money is None:
        sentence = "it moves money, no rule says surely how much, and your scope has a limit"
        return Refusal(bar=Bar.AMOUNT, sentence=sentence)
    most = scope.amounts.get(matter.money.currency)
    if most is None or abs(matter.money.amount) > most:
        limits = ", ".join(
            grouped(f"{amount:f} {currency}") for currency, amount in sorted(scope.amounts.items())
        )
        sentence = f"it moves {grouped(matter.money)}, and your scope ends at {limits}"
        return Refusal(bar=Bar.AMOUNT, sentence=sentence)
    return None


def _same(name: str) -> str:
    """A name in one spelling."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
