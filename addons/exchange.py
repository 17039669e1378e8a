"""One request on its way through the gate: what the gate is asked, and what it may answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rules.headers import Fields
from rules.message import Message
from rules.reply import Reply
from rules.verdict import Refusal

type Place = tuple[str, str, int, bytes]
"""Scheme, host, port and origin-form target."""

type Served = Mapping[bytes, Place]
"""Places that clients reach who cannot use a proxy, by the paths under which they ask for them here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Leave for exactly one request to go upstream, to an address that was resolved and checked."""

    address: tuple[str, int]
    """IP address and port."""
    message: Message | None = None
    """What goes in place of what came: the same, in the gate's own words."""
    rewriting: "Rewriting | None" = None
    """What the answer passes on its way back."""
    endless: bool = False
    """Whether events in the answer go on for as long as its client listens."""
    secrets: Fields = field(default=(), repr=False)
    """Values that take the place of those of their headers as the bytes leave; names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """Leave for a CONNECT: bytes may follow, and each request in them is judged by itself."""


type Outcome = Passage | Tunnel | Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an adapter asks the gate. `gone()` tells whether the client has left meanwhile."""

    message: Message
    gone: Callable[[], bool]


class Rewriting(Protocol):
    """One answer, taken in as it arrives and given on changed."""

    def head(self, status: int, fields: Fields) -> Fields | None:
        """The head's fields, without a length; None where the answer is to be left alone."""

    def data(self, data: bytes) -> bytes:
        """What can be given on after `data` has arrived; it may be nothing."""

    def end(self) -> bytes:
        """What is left when the answer has ended."""


class Refuse(Protocol):
    """How an adapter refuses by itself, so that it is counted and logged like the gate's own refusals."""

    def __call__(self, refusal: Refusal, /, *, event: str = "request.refused", **facts: object) -> Reply:
        """Count `refusal`, log `event` with `facts` in one line, and say what the agent hears."""


class Admit(Protocol):
    """The gate, as the adapters see it. Whatever it raises, nothing goes upstream."""

    async def admit(self, request: Request) -> Passage | Reply:
        """Judge one request; may wait for a human."""

    def at_once(self, request: Request) -> Passage | Reply | None:
        """Judge what needs no waiting; None has `admit` asked instead."""

    async def connect(self, host: str, port: int) -> Tunnel | Reply:
        """Judge where a CONNECT wants to go."""

    def failed(self, error: Exception) -> Reply:
        """Record that judging failed with `error`, and say what the agent hears."""

    def refused(self, refusal: Refusal, /, *, event: str = "request.refused", **facts: object) -> Reply:
        """Refuse for an adapter what cannot be judged."""
