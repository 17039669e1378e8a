"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    """As it should be."""
    DOUBT = "doubt"
    """It may be wrong, or cannot be told from here."""
    FAULT = "fault"
    """It is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's result. `check`: its stable name; `said`: what is so; `cure`: what to do."""

    check: str
    level: Level
    said: str
    cure: str = ""


def ok(check: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(check=check, level=Level.OK, said=said)


def doubt(check: str, said: str, cure: str) -> Finding:
    """It may be wrong."""
    return Finding(check=check, level=Level.DOUBT, said=said, cure=cure)


def fault(check: str, said: str, cure: str) -> Finding:
    """It is wrong."""
    return Finding(check=check, level=Level.FAULT, said=said, cure=cure)
