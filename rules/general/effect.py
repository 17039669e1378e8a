"""What a call may do, how grave that is, and the evidence for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rules.verdict import Category, Tier


class Effect(StrEnum):
    """What a call does to the world, from the least grave to the gravest."""

    READ = "read"
    """It changes nothing."""
    REVERSIBLE = "reversible"
    """One call of the same kind changes it back."""
    CHANGE = "change"
    """It changes something, or nobody knows."""
    DEPLOYMENT = "deployment"
    """It puts something into operation or runs it."""
    COMMUNICATION = "communication"
    """It reaches other people."""
    FINANCIAL = "financial"
    """It moves money or binds to pay it."""
    PRIVILEGE = "privilege"
    """It changes who may do what."""
    DELETION = "deletion"
    """It takes something away."""
    UNKNOWN = "unknown"
    """It carries an operation that cannot be read: it may be any of these."""

    @property
    def tier(self) -> Tier:
        """The tier of calls that do this."""
        return _TIERS.get(self, Tier.HIGH_RISK)

    @property
    def category(self) -> Category | None:
        """The kind of consequence, in the words of rules; None where there is none or nobody knows."""
        return _CATEGORIES.get(self)

    @property
    def says(self) -> str:
        """What a call does that does this, as the end of a sentence."""
        return _SAYS[self]

    @property
    def gravity(self) -> int:
        """Grows in the order of the members."""
        return _ORDER[self]


_TIERS = {
    Effect.READ: Tier.READ_ONLY,
    Effect.REVERSIBLE: Tier.REVERSIBLE,
    Effect.CHANGE: Tier.EXTERNAL,
}
_CATEGORIES = {
    Effect.DEPLOYMENT: Category.DEPLOY,
    Effect.COMMUNICATION: Category.EXTERNAL_COMMUNICATION,
    Effect.FINANCIAL: Category.FINANCIAL,
    Effect.PRIVILEGE: Category.PRIVILEGE,
    Effect.DELETION: Category.DELETION,
}
_SAYS = {
    Effect.READ: "only reads",
    Effect.REVERSIBLE: "is taken back by a call of the same kind",
    Effect.CHANGE: "changes something",
    Effect.DEPLOYMENT: "puts something into operation",
    Effect.COMMUNICATION: "reaches other people",
    Effect.FINANCIAL: "moves money",
    Effect.PRIVILEGE: "changes who may do what",
    Effect.DELETION: "takes something away",
    Effect.UNKNOWN: "may do anything",
}
_ORDER = {effect: place for place, effect in enumerate(Effect)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """An effect, and the words that say what shows it."""

    effect: Effect
    because: str


def gravest(found: Iterable[Evidence]) -> Evidence:
    """The evidence of the gravest effect; of several the first. There must be one."""
    return max(found, key=lambda evidence: evidence.effect.gravity)
