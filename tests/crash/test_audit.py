"""kill -9 of whoever writes the audit trail; `make crash ARGS=audit` does it 200 times."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.audit import _acted, _faults

_ROOT = Path(__file__).parents[2]


@pytest.mark.observe
@pytest.mark.acceptance
@pytest.mark.timeout(300)
def test_no_kill_breaks_the_chain_or_does_what_is_not_recorded() -> None:
    """In a process of its own, which has no threads when it forks."""
    command = [sys.executable, "-m", "tests.crash", "audit", "--repetitions", "12"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"kills": 12' in done.stdout
    assert '"faults": 0' in done.stdout
    assert '"done": 0' not in done.stdout


def test_what_is_not_recorded_would_be_found(tmp_path: Path) -> None:
    """The check sees an act without a record, and a record that was changed."""
    (tmp_path / "audit").mkdir()
    (tmp_path / "acted").write_text("7-1-1\n")
    assert _acted(tmp_path) == {"7-1-1"}
    assert list(_faults(tmp_path)) == ["`7-1-1` was done and is not recorded"]
    (tmp_path / "audit" / "000000000001.jsonl").write_bytes(b"x\n")
    with pytest.raises(ValueError, match="line 1"):
        list(_faults(tmp_path))
