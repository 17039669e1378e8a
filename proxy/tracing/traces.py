"""What the parts of a sidecar tell the tracing, whatever makes spans of it."""

from typing import Protocol

from proxy.store.record import Draft
from proxy.store.store import Told
from rules.call import Call
from rules.verdict import Judgement


class Traces(Told, Protocol):
    """Hears of calls as they are judged, and of holds as the store tells. None of it waits, or raises."""

    def judged(self, call: Call, judgement: Judgement) -> None:
        """A call was judged that is not held."""

    def holding(self, draft: Draft, call: Call) -> Draft:
        """A call is about to be held: `draft` with the trace that its hold is kept in."""

    def close(self) -> None:
        """Give away what is left, for some seconds at most."""
