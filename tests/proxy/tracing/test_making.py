"""Tracing is begun where it is configured, and costs nothing elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from proxy.metrics import Metrics
from proxy.tracing.making import begin
from proxy.tracing.settings import TracesEntry

LOADED = """
import sys
import proxy.cli.serve, proxy.serving.server, proxy.mcp.stdio
ours = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "requests")
names = [name for name in sys.modules if name.startswith(ours)]
assert not names, names
"""


def test_nothing_is_loaded_unless_it_is_asked_for() -> None:
    """By neither of the processes that could make spans."""
    assert begin(TracesEntry(), Metrics()) is None
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", LOADED], check=True, cwd=root, env={"PYTHONPATH": str(root)})


def test_what_is_missing_is_said_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything listens."""
    monkeypatch.setitem(sys.modules, "proxy.tracing.spans", None)
    with pytest.raises(ValueError, match=r"install `sidegate\[otel\]`"):
        begin(TracesEntry(endpoint="http://127.0.0.1:1/v1/traces"), Metrics())


def test_it_begins_and_ends() -> None:
    """With no span made, nothing is sent, and nothing is waited for."""
    traces = begin(TracesEntry(endpoint="http://127.0.0.1:1/v1/traces"), Metrics())
    assert traces is not None
    traces.close()
