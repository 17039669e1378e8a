"""`traces` in config.yaml: where spans go, and of which calls there are any."""

from typing import Annotated

from pydantic import Field, field_validator

from proxy.credentials.sources.endpoint import endpoint_url
from rules.language.document import Strict


class TracesEntry(Strict):
    """Spans of held and blocked calls, and of a share of those that pass."""

    endpoint: Annotated[str, Field(max_length=500)] = ""
    passes: Annotated[float, Field(ge=0, le=1)] = 0.05

    @field_validator("endpoint")
    @classmethod
    def _reachable(cls, value: str) -> str:
        return value and endpoint_url(value)
