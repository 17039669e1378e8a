"""The image's health check, as a process, against consoles of every mood."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.dashboards.boards import ROOT
from tests.dashboards.page import served
from tests.ports import free_ports

_SCRIPT = ROOT / "tools" / "ready.py"


def ask(data_dir: Path, **environment: str) -> tuple[int, str]:
    """Its exit code and all it says."""
    done = subprocess.run(
        [sys.executable, _SCRIPT],
        env={"SIDEGATE_DATA_DIR": str(data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def console(data_dir: Path, status: int) -> Iterator[None]:
    """A console that answers every `/readyz` with one status, and `serve.json` that names it."""
    with served("/readyz", lambda: b"{}", status=status) as port:
        place(data_dir, f"http://127.0.0.1:{port}")
        yield


def place(data_dir: Path, address: object) -> None:
    """Write `serve.json` as the sidecar does."""
    (data_dir / "serve.json").write_text(json.dumps({"console": address}))


def test_a_ready_sidecar_is_healthy(tmp_path: Path) -> None:
    """200 from the console that `serve.json` names."""
    with console(tmp_path, 200):
        assert ask(tmp_path) == (0, "{}")


def test_proxy_variables_do_not_lead_astray(tmp_path: Path) -> None:
    """A container may have them set; the console is not reached through the proxy."""
    (dead,) = free_ports(1)
    with console(tmp_path, 200):
        code, _ = ask(tmp_path, http_proxy=f"http://127.0.0.1:{dead}")
    assert code == 0


def test_a_sidecar_that_is_not_ready_is_unhealthy(tmp_path: Path) -> None:
    """503, as while the store is away."""
    with console(tmp_path, 503):
        code, said = ask(tmp_path)
    assert code == 1
    assert "503" in said


def test_nobody_at_the_address_is_unhealthy(tmp_path: Path) -> None:
    """A sidecar that was killed leaves its `serve.json` behind."""
    (dead,) = free_ports(1)
    place(tmp_path, f"http://127.0.0.1:{dead}")
    assert ask(tmp_path)[0] == 1


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", "null", "{}", '{"console": null}', '{"console": "not an address"}', "\x00"],
)
def test_a_file_that_says_nothing_is_unhealthy(content: str | None, tmp_path: Path) -> None:
    """Missing, half-written or foreign: one line and exit code 1, no traceback."""
    if content is not None:
        (tmp_path / "serve.json").write_text(content)
    code, said = ask(tmp_path)
    assert code == 1
    assert said.startswith("not ready: ")
    assert len(said.splitlines()) == 1
