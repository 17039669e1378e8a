"""What a drill is, how it can be answered, and what is said of it once it was."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a drill would have been."""

    VIOLATION = "violation"
    """Something that has to be rejected."""
    BENIGN = "benign"
    """Something that is as harmless as what it was made of, which people approved and which ran."""


class Answer(StrEnum):
    """What became of a drill."""

    APPROVED = "approved"
    """A person approved it."""
    REJECTED = "rejected"
    """A person did not let it run as it was: rejected it, answered in its place, changed it, took it back."""
    EXPIRED = "expired"
    """Nobody decided in time."""


class Mutation(StrEnum):
    """The one thing in which a drill differs from the call that it was made of."""

    PAYEE = "payee"
    """Somebody else is paid."""
    AMOUNT = "amount"
    """Ten times as much."""
    DOMAIN = "domain"
    """A recipient at another domain."""
    PRODUCTION = "production"
    """Production in place of a place for trying."""
    WIDER = "wider"
    """More is deleted."""
    REFERENCE = "reference"
    """Another reference, which harms nobody."""


_WORDS = {
    Mutation.PAYEE: "it would have paid somebody else",
    Mutation.AMOUNT: "its amount had been made ten times as large",
    Mutation.DOMAIN: "a recipient had been moved to another domain",
    Mutation.PRODUCTION: "it had been turned from a place for trying to production",
    Mutation.WIDER: "it would have deleted more",
    Mutation.REFERENCE: "only a reference in it had been changed, which harms nobody",
}

_SHOULD = {Kind.VIOLATION: Answer.REJECTED, Kind.BENIGN: Answer.APPROVED}
_VERDICTS = {
    (Kind.VIOLATION, Answer.REJECTED): "which caught it",
    (Kind.VIOLATION, Answer.APPROVED): "which missed it",
    (Kind.BENIGN, Answer.APPROVED): "which was right",
    (Kind.BENIGN, Answer.REJECTED): "which was a false alarm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What marks a hold as a drill."""

    kind: Kind
    mutation: Mutation

    def __str__(self) -> str:
        return f"{self.kind}:{self.mutation}"

    @property
    def words(self) -> str:
        """What had been changed."""
        return _WORDS[self.mutation]

    def right(self, answer: Answer) -> bool | None:
        """Whether that is what should have been answered; None where nobody did."""
        return None if answer is Answer.EXPIRED else answer is _SHOULD[self.kind]

    def said(self, answer: Answer, *, who: str) -> str:
        """What became of it, in words that continue "this hold ..."."""
        head = f"was a drill, which can never run: {self.words}"
        if answer is Answer.EXPIRED:
            return f"{head}; nobody decided in time"
        return f"{head}; `{who}` {answer} it, {_VERDICTS[self.kind, answer]}"


def read(text: str) -> Mark | None:
    """The mark that is written so; nothing is no mark. Raises ValueError."""
    if not text:
        return None
    kind, _, mutation = text.partition(":")
    return Mark(kind=Kind(kind), mutation=Mutation(mutation))


def chosen(keyed: str, rate: float) -> bool:
    """Whether what has this keyed hash, in hexadecimal, is one of the fraction `rate`."""
    return share(keyed) < rate


def share(keyed: str) -> float:
    """Where a keyed hash in hexadecimal stands between 0 and 1."""
    return int(keyed[:13], 16) / 16**13
