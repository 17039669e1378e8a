"""What the configuration says of drills and of the audit of what passed."""

from typing import Annotated

from pydantic import Field

from rules.language.document import Strict


class Drills(Strict):
    """How often reviewers are tested with a call that nobody asked for and that can never run."""

    rate: Annotated[float, Field(ge=0, le=0.2)] = 0.02
    most_open: Annotated[int, Field(ge=1, le=20)] = 3
