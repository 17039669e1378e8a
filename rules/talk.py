"""What people and an agent say to one another about a held call, and what the agent is told of it.

An agent's words are untrusted: people see them as such, and no rule reads them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from rules.call import HttpCall, PayloadKind
from rules.drift.difference import Change

TALK = "talk"
"""The part of a hold that keeps what was said."""
EDIT = "edit"
"""The part of a hold that says what a reviewer changed."""

MOST_SAID = 100
MAX_ANSWER = 4096
"""Bytes of an agent's answer."""
_MOST_TOLD = 1500
"""Characters of what was changed, in a header."""


class Kind(StrEnum):
    """Who says something to whom."""

    QUESTION = "question"
    """A reviewer to the agent."""
    ANSWER = "answer"
    """The agent to reviewers."""
    COMMENT = "comment"
    """A reviewer to other people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that was said. `who`: the reviewer, empty for the agent."""

    kind: Kind
    who: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What an agent is told of its hold besides how it stands."""

    question: str = ""
    """What a reviewer wants to know."""
    changes: tuple[Change, ...] = ()
    """What a reviewer changed of its call."""

    @property
    def edited(self) -> list[dict[str, str | None]]:
        """What was changed, as JSON values."""
        return [asdict(change) for change in self.changes]

    @property
    def header(self) -> bytes:
        """The same as a field's value: ASCII, on one line, cut where it is long."""
        text = "; ".join(f"{c.path or 'body'}: {c.before} -> {c.after}" for c in self.changes)
        inert = json.dumps(text)[1:-1]
        return (inert if len(inert) <= _MOST_TOLD else f"{inert[:_MOST_TOLD]}...").encode("ascii")


NOTHING = Beside()


def question_in(said: Iterable[Said]) -> str:
    """What an agent was asked last and has not answered, empty where there is nothing."""
    open_ = ""
    for one in said:
        if one.kind is not Kind.COMMENT:
            open_ = one.text if one.kind is Kind.QUESTION else ""
    return open_


def with_agent(said: Iterable[Said]) -> list[list[str]]:
    """What was asked and answered: what an approval is bound to beside the call."""
    return [[str(one.kind), one.text] for one in said if one.kind is not Kind.COMMENT]


def as_json(said: Iterable[Said]) -> list[dict[str, Any]]:
    """What was said, as JSON values."""
    return [asdict(one) | {"kind": str(one.kind), "at": one.at.isoformat()} for one in said]


def from_json(values: Sequence[dict[str, Any]]) -> tuple[Said, ...]:
    """What was said, as it was kept."""
    return tuple(
        Said(
            kind=Kind(value["kind"]),
            who=value["who"],
            at=datetime.fromisoformat(value["at"]),
            text=value["text"],
        )
        for value in values
    )


def changes_of(values: Sequence[dict[str, Any]]) -> tuple[Change, ...]:
    """What was changed, as it was kept."""
    return tuple(Change(**value) for value in values)


def answer_in(call: HttpCall) -> str | None:
    """What an agent answers in the body of `call`: text, or JSON with an `answer`; None for neither."""
    if call.payload.kind is PayloadKind.JSON:
        value = call.payload.value
        text = value.get("answer") if isinstance(value, dict) and len(value) == 1 else None
    else:
        text = _decoded(call.body)
    if not isinstance(text, str) or not text.strip() or len(text.encode()) > MAX_ANSWER:
        return None
    return text.strip()


def _decoded(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None
