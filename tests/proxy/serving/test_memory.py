"""A process that keeps its memory to itself, and what it starts."""

import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes, os, resource, subprocess, sys
from proxy.serving.memory import keep_private
keep_private()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
child = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
sys.stdout.flush()
subprocess.run([sys.executable, "-c", child], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can hide a process from its equals")
def test_no_core_and_no_tracing() -> None:
    """Neither limit can be raised again, and a child has it too."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["(0, 0) 0", "(0, 0)"]
