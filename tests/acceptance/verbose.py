"""`python -m tests.acceptance.verbose COMMAND`: the sidecar with every log line that it could write."""

import ctypes
import logging
import sys
from importlib import import_module
from typing import Any

DUMPABLE = "dumpable="
_basic_config = logging.basicConfig


def _everything(**settings: Any) -> None:
    """Whatever level was asked for, the lowest."""
    _basic_config(**settings | {"level": logging.DEBUG})
    logging.getLogger(__name__).debug("every line is written")


def main() -> int:
    """Run the command line, then tell whether its process could have left a core."""
    logging.basicConfig = _everything
    code: int = import_module("proxy.cli").main()
    sys.stderr.write(f"{DUMPABLE}{ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
