"""What channels share while Sidegate runs: their settings, the way out, and where the console is."""

from collections.abc import Callable
from dataclasses import dataclass
from time import time

from proxy.channels.outgoing import Outgoing
from proxy.channels.settings import Channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`link`: the console as people reach it, without a slash at its end. `now`: the wall clock."""

    settings: Channels
    outgoing: Outgoing
    link: str
    now: Callable[[], float] = time

    def hold_link(self, hold_id: str) -> str:
        """Where a person decides about a hold."""
        return f"{self.link}/holds/{hold_id}"
