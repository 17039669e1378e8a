"""`audit` in config.yaml: how long records are kept, and what goes on while none can be written."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from proxy.audit.sinks.settings import SinkEntry
from rules.language.complaint import quote
from rules.language.document import Strict


class OnFailure(StrEnum):
    """What calls of tiers 1 and 2 do while the audit trail cannot be written. Tiers 3 and 4 always stop."""

    STOP = "stop"
    """They stop as well."""
    CONTINUE = "continue"
    """They go on; how many went unrecorded is recorded once that is possible again."""


class Audit(Strict):
    """How the audit trail is kept."""

    on_failure: OnFailure = OnFailure.CONTINUE
    keep_days: Annotated[int, Field(ge=183, le=36_500)] = 365
    legal_hold: bool = False
    file_bytes: Annotated[int, Field(ge=65_536, le=1_073_741_824)] = 16_777_216
    reads: Annotated[float, Field(ge=0, le=1)] = 0.0
    sinks: Annotated[tuple[SinkEntry, ...], Field(max_length=16)] = ()

    @field_validator("sinks")
    @classmethod
    def _distinct(cls, value: tuple[SinkEntry, ...]) -> tuple[SinkEntry, ...]:
        names = [sink.name for sink in value]
        if twice := next((name for n, name in enumerate(names) if name in names[:n]), None):
            raise ValueError(f"two sinks have the name {quote(twice)}; give each its own")
        return value
