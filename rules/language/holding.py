"""What a rule may ask for around its held calls: reads before and after, one run only, who decides."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from rules import handling
from rules.handling import Mismatch, OnTimeout
from rules.language.document import Strict
from rules.language.requirement import Members
from rules.language.vocabulary import GroupName, KeyHeader, MemberPath, ProbePath, Reason, Statuses, Window

MOST_PEOPLE = 20
MOST_WINDOWS = 10


class Snapshot(Strict):
    """A GET on the call's own host that shows what the call would change."""

    path: ProbePath
    """Path and query; `{names}` are parts of the rule's path, or dotted paths in the body."""
    fields: tuple[MemberPath, ...] = ()
    """Dotted paths in its JSON answer: all that counts. Without it, the whole answer does."""


class Answer(Strict):
    """An answer to a probe."""

    status: Statuses = (200,)
    """The status of the answer, one or a list; 200."""
    body: Members | None = None
    """Conditions on members of its JSON, as in `match`."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("it fits every answer; write `status`, `body` or both")
        return self


class Verify(Strict):
    """A GET on the call's own host that tells whether the call ran. Any other answer tells nothing."""

    path: ProbePath
    """Path and query; `{names}` are parts of the rule's path, or dotted paths in the body."""
    executed: Answer
    """The answer after a call that ran."""
    not_executed: Answer | None = None
    """The answer after a call that did not run."""

    @model_validator(mode="after")
    def _tells_apart(self) -> Self:
        if self.not_executed is None:
            return self
        both = set(self.executed.status) & set(self.not_executed.status)
        bodies = (self.executed.body, self.not_executed.body)
        if both and (None in bodies or bodies[0] == bodies[1]):
            raise ValueError(
                f"status {min(both)} fits `executed` and `not_executed`; write a `body` in both that differs"
            )
        return self


class Idempotency(Strict):
    """The upstream's promise to run requests with one key once: with it, a lost answer is asked for again."""

    header: KeyHeader
    """The header that carries the key, such as `Idempotency-Key`."""
    window: Window
    """For how long the upstream knows a key, as `24h` or `30d`."""
    mismatch: Mismatch = Mismatch.ERROR
    """What it does with a known key and another request: `error`, or `cached` (the first answer again)."""
    scope: Reason = "account"
    """Within what keys are unique, in the vendor's words."""


class Unanswered(Strict):
    """What happens to a hold that nobody has decided in time. A bare word stands for `do`."""

    do: OnTimeout = OnTimeout.DENY
    """`deny`: it expires. `keep_waiting`: it waits on. `escalate`: groups are asked in turn."""
    groups: tuple[GroupName, ...] = ()
    """For `escalate`: the groups, each with a window of its own."""
    windows: Annotated[int, Field(ge=2, le=MOST_WINDOWS)] = 3
    """For `keep_waiting`: for how many windows it waits in all."""

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: object) -> object:
        if not isinstance(value, dict):
            return {"do": value}
        groups = value.get("groups")
        return {**value, "groups": tuple(groups)} if isinstance(groups, list) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        escalates = self.do is OnTimeout.ESCALATE
        if escalates is not bool(self.groups):
            raise ValueError("`escalate` asks `groups`, and nothing else does; write both or neither")
        if len(self.groups) >= MOST_WINDOWS or len(set(self.groups)) < len(self.groups):
            raise ValueError(f"ask up to {MOST_WINDOWS - 1} groups, each once")
        if "windows" in self.model_fields_set and self.do is not OnTimeout.KEEP_WAITING:
            raise ValueError("only `keep_waiting` counts `windows`; leave the key out")
        return self

    @property
    def compiled(self) -> handling.Unanswered:
        """The same for whoever handles holds."""
        return handling.Unanswered(do=self.do, groups=self.groups, windows=self.windows)


class Quorum(Strict):
    """How many different people must approve. A bare number stands for `count`."""

    count: Annotated[int, Field(ge=1, le=MOST_PEOPLE)] = 1
    """Their number; without it, one for each of the groups."""
    groups: tuple[GroupName, ...] = ()
    """Groups of reviewers, of each of which somebody must be among them."""

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: object) -> object:
        if not isinstance(value, dict):
            return {"count": value}
        groups = value.get("groups")
        if not isinstance(groups, list):
            return value
        return {"count": max(1, len(groups)), **value, "groups": tuple(groups)}

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if len(set(self.groups)) < len(self.groups):
            raise ValueError("it names a group twice; name each once")
        if self.count < len(self.groups):
            raise ValueError(
                f"{self.count} people cannot be of {len(self.groups)} groups; raise `count` or leave it out"
            )
        return self
