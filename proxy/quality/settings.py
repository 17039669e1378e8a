"""What the configuration says of drills and of the audit of what passed."""

from typing import Annotated

from pydantic import Field

from rules.language.document import Strict


class Drills(Strict):
    """How often reviewers are tested with a call that nobody asked for and that can never run."""

    rate: Annotated[float, Field(ge=0, le=0.2)] = 0.02
    most_open: Annotated[int, Field(ge=1, le=20)] = 3
    within: Annotated[float, Field(ge=0, le=86_400)] = 600.0


class PassAudit(Strict):
    """Of what passed in tiers 1 and 2, how much people look at afterwards, and for how long."""

    rate: Annotated[float, Field(ge=0, le=0.05)] = 0.02
    keep: Annotated[float, Field(ge=60, le=31_622_400)] = 604_800.0
    most: Annotated[int, Field(ge=1, le=100_000)] = 1000
