"""The context package of a hold: what a person needs to decide about it, as one value.

`Facts` are what an approval is bound to. What stands `Around` moves by itself while somebody reads, such as
what else the agent does meanwhile, and binds nothing: an agent could make its own hold impossible to approve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.action import Action, Principal
from rules.call import Call
from rules.drift.difference import Change
from rules.drift.shot import Shot
from rules.handling import EXPIRES
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.review.money import Money
from rules.review.part import Part
from rules.review.past import Past
from rules.review.reach import Several
from rules.ruleset import Ruleset
from rules.verdict import Judgement

VERSION = 1
"""Of the renderer: another one shows other pictures of the same call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a package is made of. `call`: the action as it is read under the rules of now, or None."""

    hold: Hold
    action: Action | ToolAction
    call: Call | None
    ruleset: Ruleset
    shots: Sequence[Shot] = ()
    reasoning: str = ""
    talk: Sequence[Sequence[str]] = ()
    known_hosts: frozenset[str] = frozenset()
    unanswered: str = EXPIRES.words(0)
    """What happens if nobody decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One judgement that bears on the call. `fixed`: whether the hold's tier is its tier."""

    judgement: Judgement
    evidence: tuple[str, ...]
    fixed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the call is and does, and what speaks about it."""

    hold: Hold
    principal: Principal
    method: str
    url: str
    action: str
    """In plain words: continues "the agent asks to ..."."""
    by_rule: bool
    """Whether the words are the rule's own sentence."""
    money: Money | None
    people: Several | None
    party: str | None
    rows: int | None
    undo: str | None
    changes: tuple[Change, ...] | None
    """Before and after of each field; None where nothing was read, or the body does not say it."""
    voices: tuple[Voice, ...]
    warnings: tuple[str, ...]
    parts: tuple[Part, ...]
    reasoning: str
    """The agent's own word for it: untrusted."""
    shape: str
    """What other calls have in common with it that differ in their things alone; empty for none."""
    talk: Sequence[Sequence[str]]
    """What its agent was asked, and what it answered: untrusted."""
    unanswered: str
    """What happens if nobody decides."""
    images: tuple[str, ...]
    """What the recorded reads have shown, by its hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the agent does besides."""

    party_seen: bool | None = None
    """Whether it has called for the same other side before; None where there is none."""
    spent: Money | None = None
    """What went out in this currency, this call on top; at least that much."""
    since: datetime | None = None
    similar: tuple[Past, ...] = ()
    last: tuple[Past, ...] = ()
