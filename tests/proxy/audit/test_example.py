"""The small verifier of the docs: whoever writes their own one needs no more than it does."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.audit.chains import KEY, STRANGER, TAMPERED, chain, text_of

SCRIPT = Path(__file__).parents[3] / "docs/examples/verify_audit.py"
problems = runpy.run_path(str(SCRIPT))["problems"]


@pytest.mark.parametrize("what", TAMPERED)
def test_it_finds_what_ours_does(what: str) -> None:
    """With the record named, where that can be told."""
    tamper, _, seq = TAMPERED[what]
    found = list(problems(tamper(chain()), KEY))
    assert found
    assert not seq or any(problem.startswith(f"serve-1: record {seq}:") for problem in found)


def test_it_finds_nothing_in_what_is_sound() -> None:
    """And everything in what another key has signed."""
    assert list(problems(chain(), KEY)) == []
    assert list(problems(chain(), STRANGER.public.hex())) != []


def test_it_runs_by_itself(tmp_path: Path) -> None:
    """On files, in a folder without Sidegate."""
    for name, lines, code in (("sound", chain(), 0), ("cut", chain()[3:], 1)):
        (tmp_path / name).write_bytes(text_of(lines))
        command = [sys.executable, "-I", str(SCRIPT), KEY, str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (code, "")


def test_it_is_small_and_needs_only_one_library() -> None:
    """So that somebody can read it who trusts nobody."""
    text = SCRIPT.read_text()
    assert len(text.splitlines()) < 80
    names = {
        (node.module or "").partition(".")[0] if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert names == {"hashlib", "json", "sys", "collections", "pathlib", "typing", "cryptography"}
