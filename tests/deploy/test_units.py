"""The units of systemd: nothing that it does not understand, and little that a service could do besides."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from proxy.settings.layers import Layers, read_layers
from rules.compile import compile_rules
from rules.ruleset import Ruleset
from tests.dashboards.shipped import unknown_flags
from tests.deploy.shipped import DEPLOY

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]

UNITS = DEPLOY / "systemd"
_ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(_ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A root in which everything is where the units expect it."""
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for unit in UNITS.glob("*.service"):
        shutil.copy(unit, units)
    for program in ("opt/sidegate/bin/sidegate", "bin/kill"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    known = tmp_path / "usr/lib/systemd/system"
    known.mkdir(parents=True)
    for target in Path("/lib/systemd/system").glob("*.target"):
        shutil.copy(target, known, follow_symlinks=True)
    return tmp_path


def analyzed(*words: str) -> subprocess.CompletedProcess[str]:
    """What `systemd-analyze` says."""
    return subprocess.run([str(_ANALYZE), *words], capture_output=True, text=True, timeout=60, check=False)


@needs_systemd
@pytest.mark.parametrize("name", ["sidegate.service", "sidegate-capture.service"])
def test_systemd_understands_them(installed: Path, name: str) -> None:
    """Every line, and a wrong one is found."""
    unit = installed / "etc/systemd/system" / name
    said = analyzed("verify", "--man=no", f"--root={installed}", name)
    assert _about_us(said.stderr) == [], said.stderr
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystm=strict"))
    said = analyzed("verify", "--man=no", f"--root={installed}", name)
    assert any("ProtectSystm" in line for line in _about_us(said.stderr))


def _about_us(text: str) -> list[str]:
    return [line for line in text.splitlines() if "sidegate" in line]


@needs_systemd
@pytest.mark.parametrize(("name", "most"), [("sidegate.service", 2.0), ("sidegate-capture.service", 2.5)])
def test_they_are_locked(installed: Path, name: str, most: float) -> None:
    """By systemd's own measure of what a service is exposed to: 0 is nothing, 10 is all."""
    said = analyzed("security", "--offline=true", f"--root={installed}", "--no-pager", name)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said.stdout)
    assert found, said.stdout + said.stderr
    assert float(found[1]) <= most, said.stdout


def test_what_they_start_exists() -> None:
    """Commands and flags of the program; the configuration and the rules beside the units."""
    for unit in UNITS.glob("*.service"):
        for command in re.findall(r"^Exec(?:Start|Stop)=\S+/sidegate (.*)$", unit.read_text(), re.MULTILINE):
            assert unknown_flags(command.split()) == []
    layers = read_layers(UNITS / "config.yaml", environ={})
    assert isinstance(layers, Layers)
    assert layers.config.ca.publish == "/run/sidegate"
    rules = UNITS / "rules.yaml"
    assert isinstance(compile_rules([(rules.name, rules.read_text())]), Ruleset)


def test_the_user_is_the_one_that_capture_spares() -> None:
    """By name and number."""
    assert " sidegate 1337 " in (UNITS / "sidegate.sysusers").read_text()
    assert "User=sidegate\n" in (UNITS / "sidegate.service").read_text()
