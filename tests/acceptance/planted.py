"""`python -m tests.acceptance.planted MODULE:NAME[.NAME]... COMMAND`: the sidecar with one step that raises.

The step works while the sidecar starts, and raises from the moment the file in PLANTED_WHEN exists.
"""

import inspect
import os
import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

SECRET = "planted-secret-in-the-exception"


class PlantedError(Exception):
    """What a broken step raises; its words must not reach a log."""


def plant(step: str, armed: Path) -> None:
    """Replace `module:attribute.path` by something that raises once `armed` exists."""
    module_name, _, path = step.partition(":")
    *owners, name = path.split(".")
    owner = reduce(getattr, owners, import_module(module_name))
    setattr(owner, name, _breaking(getattr(owner, name), armed))


def _breaking(working: Callable[..., Any], armed: Path) -> Callable[..., Any]:
    def check() -> None:
        if armed.exists():
            raise PlantedError(SECRET)

    if inspect.iscoroutinefunction(working):

        async def later(*args: Any, **kwargs: Any) -> Any:
            check()
            return await working(*args, **kwargs)

        return later

    def now(*args: Any, **kwargs: Any) -> Any:
        check()
        return working(*args, **kwargs)

    return now


def main() -> int:
    """Plant the step named first, and run the command line with the rest."""
    step, *arguments = sys.argv[1:]
    plant(step, Path(os.environ["PLANTED_WHEN"]))
    run: Callable[[list[str]], int] = import_module("proxy.cli").main
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
