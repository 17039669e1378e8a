"""Conditions on the operations that a call's payload asks for."""

import re
from dataclasses import dataclass, field

from rules.call import Call, HttpCall, PayloadKind
from rules.decode.operation import FAMILIES
from rules.language.complaint import quote, suggest
from rules.matching.pattern import Glob, Track
from rules.matching.truth import Truth

_PATTERN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z0-9_-]*\*?[A-Za-z0-9_-]*(?<!\.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Every operation of the call is one of `names`."""

    names: tuple[Glob, ...]
    _whole: frozenset[str] = field(init=False, repr=False, compare=False)
    """The names without a `*`: a pack lists thousands."""
    _open: tuple[Glob, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        whole = frozenset(name.prefix for name in self.names if name.gap is None)
        object.__setattr__(self, "_whole", whole)
        object.__setattr__(self, "_open", tuple(name for name in self.names if name.gap is not None))

    def holds(self, call: Call) -> Truth:
        """TRUE if all operations of `call` are named here, FALSE if none is, UNKNOWN in between."""
        asked = asked_of(call)
        if asked is None:
            return Truth.UNKNOWN
        named = {self._names(operation) for operation in asked}
        return Truth.UNKNOWN if len(named) > 1 else Truth.TRUE if True in named else Truth.FALSE

    def _names(self, operation: str) -> bool:
        return operation in self._whole or any(name.matches(operation) for name in self._open)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The names as an index takes them."""
        return tuple(Track(globs=(name,), folded=(name.folded(),)) for name in self.names)


def asked_of(call: Call) -> tuple[str, ...] | None:
    """The names of the operations of `call`; None where there may be others.

    INVARIANT: a body that the gate does not understand may ask for anything.
    """
    if not isinstance(call, HttpCall):
        return ()
    if call.operations is None or (not call.operations and call.payload.kind is PayloadKind.OPAQUE):
        return None
    return tuple(operation.name for operation in call.operations)


def read_operation(text: str) -> Glob:
    """The pattern of an operation's name such as `graphql.query.*`. Raises ValueError with the cure."""
    if not _PATTERN.fullmatch(text):
        raise ValueError(
            f"{quote(text)} is not the name of an operation; write it with dots and its family first, at "
            "most with one `*` in its last part, as in `graphql.query.*`"
        )
    family = text.partition(".")[0]
    if family not in FAMILIES:
        raise ValueError(f"no operation is of the family {quote(family)}; {suggest(family, list(FAMILIES))}")
    prefix, star, suffix = text.partition("*")
    return Glob(prefix=prefix, suffix=suffix, gap=0 if star else None)
