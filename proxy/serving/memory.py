"""Keeps what is in this process's memory out of files: no core dump, and no look inside for others."""

import ctypes
import logging
import resource
import sys

logger = logging.getLogger(__name__)

_PR_SET_DUMPABLE = 4


def keep_private() -> None:
    """From now on this process, and what it starts, leaves no core; on Linux no equal may trace it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    # The limit does not hold where cores are piped into a program; this does.
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        logger.warning("serve.dumpable: the system does not let this process be hidden from debuggers")
