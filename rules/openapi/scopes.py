"""Whether security scopes speak of reading or of writing."""

from collections.abc import Iterable
from enum import StrEnum

from rules.general.names.words import split, words_of

_READING = words_of("read reads readonly reader view viewer list get")
_WRITING = words_of(
    """
    write writes writer readwrite manage manager admin administer edit editor modify create update delete
    full owner send publish upload
    """
)


class Access(StrEnum):
    """What the scopes that an operation asks for let a client do."""

    READS = "reads"
    """One set of scopes that suffices speaks of reading alone."""
    WRITES = "writes"
    """Every set of scopes that suffices speaks of writing."""
    UNSAID = "unsaid"
    """Neither."""


def access_of(alternatives: Iterable[frozenset[str]]) -> Access:
    """What the scopes say; each set of them suffices by itself."""
    said = [(bool(scopes), _word(scopes)) for scopes in alternatives]
    if not said or not all(scoped for scoped, _ in said):
        return Access.UNSAID
    if any(access is Access.READS for _, access in said):
        return Access.READS
    return Access.WRITES if all(access is Access.WRITES for _, access in said) else Access.UNSAID


def _word(scopes: frozenset[str]) -> Access:
    words = [frozenset(split("-".join(scope.replace("/", "-").split()))) for scope in scopes]
    if any(not _WRITING.isdisjoint(found) for found in words):
        return Access.WRITES
    return Access.READS if all(not _READING.isdisjoint(found) for found in words) else Access.UNSAID
