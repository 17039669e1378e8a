"""What a rule says of the calls that it names, beside their tier: for people and for the record."""

from dataclasses import dataclass

from rules.matching.reading import Steps
from rules.verdict import Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The call that takes back what a call did: a request by `method` and `path`, or a `tool`."""

    method: str | None = None
    path: str | None = None
    tool: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A rule's account of its calls. Nothing of it moves a tier."""

    category: Category | None = None
    undo: Undo | None = None
    amount: Steps | None = None
    currency: Steps | None = None
    counterparty: Steps | None = None
    summary: str | None = None
    """One line with `{names}` of path parts or dotted paths."""
    evidence: tuple[str, ...] = ()


NOTHING = Account()
