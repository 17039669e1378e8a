"""Which trace a call belongs to, as its agent says (W3C Trace Context): read strictly."""

import re
from dataclasses import dataclass

from rules.call import Call, HttpCall
from rules.headers import first

HEADER = "traceparent"
"""Of a request, and in the `_meta` of an MCP message."""

_FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Place:
    """A span in a trace, by their ids in hexadecimal digits."""

    trace: str
    span: str

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-01"


def place_in(text: str) -> Place | None:
    """The span that a `traceparent` of version 00 names; None for everything else."""
    matched = _FORM.fullmatch(text)
    if matched is None or not int(matched[1], 16) or not int(matched[2], 16):
        return None
    return Place(matched[1], matched[2])


def caller_of(call: Call) -> Place | None:
    """The span out of which an agent makes `call`, where it says so."""
    if not isinstance(call, HttpCall):
        return place_in(call.trace)
    said = first(call.fields, HEADER.encode())
    return place_in(said.decode("latin-1")) if said is not None else None


def exemplar(trace: str) -> dict[str, str] | None:
    """What a number's example says of the trace that a hold is kept in."""
    place = place_in(trace)
    return {"trace_id": place.trace} if place else None
