"""The wheel keeps `rules`, `addons` and `proxy` private, and its launcher finds them."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_works_away_from_the_checkout(tmp_path: Path) -> None:
    """Built and unpacked elsewhere, `sidegate check` runs; no top-level name but its own is taken."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    assert {path.name for path in place.iterdir() if path.suffix != ".dist-info"} == {
        "_sidegate",
        "sidegate.py",
    }
    assert {path.name for path in place.rglob("*.lua")} == {"transition.lua", "spend.lua", "rewrap.lua"}
    command = [sys.executable, "-c", "import sidegate, sys; sys.exit(sidegate.main())", "check"]
    said = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("ok: 0 rules")
    where = "import sidegate, proxy.gate; print(proxy.gate.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=place, capture_output=True, text=True, timeout=60, check=True
    )
    assert str(place) in found.stdout
