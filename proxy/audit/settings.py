"""`audit` in config.yaml: how long records are kept, and what goes on while none can be written."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

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
