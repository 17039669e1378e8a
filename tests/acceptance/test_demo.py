"""`make demo`: the story is true, quick, and leaves nothing behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_story_is_true_and_short(tmp_path: Path) -> None:
    """Every fact holds, in under 30 seconds, and no process or folder of it is left."""
    started = time.monotonic()
    before = set(Path("/tmp").glob("sidegate-demo-*"))
    told = subprocess.run(
        [sys.executable, str(ROOT / "docs/examples/demo/demo.py")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("✓") == 8
    assert time.monotonic() - started < 30
    assert set(Path("/tmp").glob("sidegate-demo-*")) == before
