"""What a source gives: a secret, and under which opaque name this very one is known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

type Keyed = Callable[[str], str]
"""A short name for a text, from which nothing of it can be read."""


class CredentialError(Exception):
    """the configured credential cannot be had"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret of this moment; another one has another generation."""

    text: str = field(repr=False)
    generation: str


class Source(Protocol):
    """Where a secret comes from; asked anew at every replay."""

    async def secret(self, *, past: str | None = None) -> Secret:
        """The secret of this moment; `past`: a generation that an upstream has refused.

        Raises CredentialError with what is wrong and the cure, never with the secret.
        """

    async def generation(self) -> str:
        """What is known of the secret's generation without making one; empty where nothing is."""
