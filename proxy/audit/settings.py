"""`audit` in config.yaml: how long records are kept, what goes on without them, and what they say besides."""

from contextlib import suppress
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from proxy.audit.sinks.settings import SinkEntry
from rules.language.complaint import quote
from rules.language.document import Strict
from rules.language.names import distinct


class OnFailure(StrEnum):
    """What calls of tiers 1 and 2 do while the audit trail cannot be written. Tiers 3 and 4 always stop."""

    STOP = "stop"
    """They stop as well."""
    CONTINUE = "continue"
    """They go on; how many went unrecorded is recorded once that is possible again."""


class Audit(Strict):
    """How the audit trail is kept, and the day on which the operator last assessed this deployment."""

    on_failure: OnFailure = OnFailure.CONTINUE
    keep_days: Annotated[int, Field(ge=183, le=36_500)] = 365
    legal_hold: bool = False
    file_bytes: Annotated[int, Field(ge=65_536, le=1_073_741_824)] = 16_777_216
    reads: Annotated[float, Field(ge=0, le=1)] = 0.0
    assessed: date | None = None
    sinks: Annotated[tuple[SinkEntry, ...], Field(max_length=16)] = ()

    @field_validator("assessed", mode="before")
    @classmethod
    def _written_as_a_day(cls, value: object) -> object:
        # By itself pydantic also takes a text of seconds, for the day that begins with them.
        return _day(value) if isinstance(value, str) else value

    @field_validator("assessed")
    @classmethod
    def _begun(cls, value: date | None) -> date | None:
        today = datetime.now(UTC).date()
        if value is not None and value > today:
            raise ValueError(
                f"`{value}` is in the future: it is {today} in UTC; write the day of the last one"
            )
        return value

    @field_validator("sinks")
    @classmethod
    def _distinct(cls, value: tuple[SinkEntry, ...]) -> tuple[SinkEntry, ...]:
        distinct([sink.name for sink in value], "sinks have the name")
        return value


def _day(text: str) -> date:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:
            return day
    raise ValueError(f"{quote(text)} is no date; write it as YYYY-MM-DD")
