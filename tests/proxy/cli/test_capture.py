"""`sidegate capture` in a real network namespace, as an init container runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nets import Net, as_user, needs_nets, nets

ROOT = Path(__file__).parents[3]


def capture(net: Net | None, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command there."""
    command = [sys.executable, str(ROOT / "sidegate.py"), "capture", *arguments]
    if net is None:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    with net:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@needs_nets
def test_its_life() -> None:
    """Absent, up, up again, seen as changed, down, down again."""
    with nets(1) as (net,):
        absent = capture(net, "check")
        assert (absent.returncode, absent.stdout) == (1, "")
        assert "run `sidegate capture up`" in absent.stderr
        for _ in range(2):
            up = capture(net, "up")
            assert (up.returncode, up.stderr) == (0, "")
            assert "TCP of all but user 1337 goes to port 15001" in up.stdout
            assert capture(net, "check").returncode == 0
        other = capture(net, "check", "--uid", "1")
        assert (other.returncode, "other users or ports" in other.stderr) == (1, True)
        net.run("nft", "insert rule inet sidegate agent accept")
        changed = capture(net, "check")
        assert (changed.returncode, "somebody has changed" in changed.stderr) == (1, True)
        for _ in range(2):
            assert capture(net, "down").returncode == 0
        assert net.run("nft", "list", "ruleset") == ""


@needs_nets
def test_a_dry_run_changes_nothing() -> None:
    """It prints what `nft` would be given."""
    with nets(1) as (net,):
        said = capture(net, "up", "--dry-run", "--agent", "1500", "--ports", "443,80", "--close", "9000")
        assert net.run("nft", "list", "ruleset") == ""
        assert "meta skuid { 1500 } jump agent" in said.stdout
        assert "tcp dport { 80, 443 } redirect to :15001" in said.stdout
        assert "tcp dport { 9000 } reject" in said.stdout
        net.run("nft", "-f", "-", stdin=said.stdout)
        assert "delete table inet sidegate" in capture(net, "down", "--dry-run").stdout


@needs_nets
def test_tools_that_are_not_on_the_path(tmp_path: Path) -> None:
    """Those of administrators are found in their folders."""
    with nets(1) as (net,):
        assert capture(net, "up", PATH=str(tmp_path)).returncode == 0


@needs_nets
def test_without_the_privilege() -> None:
    """The capability is named."""
    with nets(1) as (net,), net:
        script = (
            "import sys; from proxy.cli import main; import proxy.cli.capture; "
            "import os; os.setresuid(1500, 1500, 1500); sys.exit(main(['capture', 'up']))"
        )
        done = subprocess.run(
            [*as_user(None), sys.executable, "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 1
    assert "init container with the capability NET_ADMIN" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sideways",), "invalid choice"),
        (("up", "--to", "0"), "`0` is no port"),
        (("up", "--uid", "root"), "`root` is no user id"),
        (("up", "--ports", "80,http"), "`http` is no port"),
        (("up", "--to", "8081"), "cannot be closed"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], words: str) -> None:
    """Nothing is changed."""
    done = capture(None, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
