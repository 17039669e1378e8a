"""`make demo`: the story is true, quick, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, str(ROOT / "docs/examples/demo/demo.py")]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def test_the_story_is_true_and_short(tmp_path: Path) -> None:
    """Every fact holds, in under 30 seconds, and no process or folder of it is left."""
    started = time.monotonic()
    before = set(Path("/tmp").glob("sidegate-demo-*"))
    told = subprocess.run(
        DEMO,
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("✓") == 8
    assert time.monotonic() - started < 30
    assert set(Path("/tmp").glob("sidegate-demo-*")) == before


def test_a_story_that_is_broken_off(tmp_path: Path) -> None:
    """Ctrl-C ends it in a sentence, and what it started with it."""
    with subprocess.Popen(
        DEMO,
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as telling:
        assert telling.stdout is not None
        while "It reads the balance" not in (line := telling.stdout.readline()):
            assert line, "it ended early"
        children = Path(f"/proc/{telling.pid}/task/{telling.pid}/children").read_text().split()
        upstreams, sidecar = children[:2]  # the agent may just begin, and ends by itself without them
        telling.send_signal(signal.SIGINT)
        _, said = telling.communicate(timeout=30)
    assert telling.returncode == 130
    assert "the story was broken off: all that it started is ended\n" in said
    assert "Traceback" not in said
    assert not Path(f"/proc/{upstreams}").exists()
    assert not Path(f"/proc/{sidecar}").exists()
