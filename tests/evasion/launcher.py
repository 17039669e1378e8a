"""`python -m tests.evasion.launcher HTTP1 HTTP2 PLANT COMMAND`: the sidecar in a world of `*.test` names.

PLANT breaks the gate on purpose, so that the suite itself can be tested: see `Plant`.
"""

import os
import socket
import sys
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import Any

from rules.call import Call
from rules.ruleset import Ruleset
from rules.verdict import Judgement, ReasonId, Tier, Verdict
from tests.evasion.places import Places


class Plant(StrEnum):
    """What is wrong with the gate."""

    NOTHING = "nothing"
    """It is as it is."""

    PASS = "pass"
    """It takes every call for one that only reads."""

    BLOCK = "block"
    """It takes every call for a forbidden one."""

    END = "end"
    """It ends at the first call that it has to judge."""


def resolve_in(places: Places) -> None:
    """Answer every look-up of a name from `places`, and none by asking the network."""
    numeric = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        address = "127.0.0.1" if name == "localhost" else places.resolve(name) or name
        if len(args) > 4:
            args = (*args[:4], args[4] | socket.AI_NUMERICHOST)
        else:
            kwargs["flags"] = kwargs.get("flags", 0) | socket.AI_NUMERICHOST
        return numeric(address, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def plant(what: Plant) -> None:
    """Break the gate."""
    if what is Plant.NOTHING:
        return
    passes = what is Plant.PASS

    def classify(call: Call, ruleset: Ruleset) -> Judgement:
        if what is Plant.END:
            os._exit(1)
        return Judgement(
            tier=Tier.READ_ONLY if passes else Tier.HIGH_RISK,
            verdict=Verdict.PASS if passes else Verdict.BLOCK,
            reason_id=ReasonId.DEFAULT_READ if passes else ReasonId.FORBIDDEN,
            reason="planted",
        )

    # By name, because to a type checker the gate's imports are its own affair.
    setattr(import_module("proxy.gate"), "classify", classify)  # noqa: B010


def main() -> int:
    """Arrange the world, and run the command line with the rest."""
    http1, http2, what, *arguments = sys.argv[1:]
    resolve_in(Places(http1=http1, http2=http2))
    plant(Plant(what))
    run: Callable[[list[str]], int] = import_module("proxy.cli").main
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
