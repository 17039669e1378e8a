"""`python -m tests.garden.launcher EVERY COMMAND`: the sidecar where `localhost` is the only name there is.

A mutated host must neither wait for a name server nor tell it anything. To prove that the harness sees
what it is there for, the witness forgets every so manyth record, or none where that is 0.
"""

import socket
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import count
from typing import Any

from proxy.witness import Witness
from rules.action import Action
from rules.call import HttpCall
from rules.hold import Hold
from rules.verdict import Judgement


def only_localhost() -> None:
    """Resolve `localhost` and numeric addresses, and nothing else."""
    system = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        if len(args) > 4:
            args = (*args[:4], args[4] | socket.AI_NUMERICHOST)
        else:
            kwargs["flags"] = kwargs.get("flags", 0) | socket.AI_NUMERICHOST
        return system("127.0.0.1" if name == "localhost" else name, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def forget(every: int) -> None:
    """Break the witness."""
    numbers, record = count(1), Witness.record

    def forgetful(self: Witness, going: HttpCall | Action, because: Judgement | Hold) -> None:
        if next(numbers) % every:
            record(self, going, because)

    setattr(Witness, "record", forgetful)  # noqa: B010 (to a type checker a method is no variable)


def main() -> int:
    """Arrange the world, and run the command line."""
    every, *arguments = sys.argv[1:]
    only_localhost()
    if every != "0":
        forget(int(every))
    run: Callable[[list[str]], int] = import_module("proxy.cli").main
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
