"""Programs of this machine, each led by its settings to an address that only the gate answers, in TLS."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from proxy.doctor.finding import Finding, doubt, ok
from rules.reply import STATUS_HOST

_URL = f"https://{STATUS_HOST}/holds/doctor"
_SECONDS = 20.0
_GATE = "no such hold of this agent"
_PYTHON = (
    "import urllib.request, urllib.error\n"
    "try:\n    print(urllib.request.urlopen({url!r}, timeout=10).read().decode())\n"
    "except urllib.error.HTTPError as error:\n    print(error.read().decode())\n"
)
_NODE = "fetch({url!r}).then(a => a.text()).then(console.log, e => console.log(String(e.cause ?? e)))"
_RUBY = "require 'net/http'; puts Net::HTTP.get(URI({url!r}))"
# Each prints the answer's body, whatever its status.
_COMMANDS = {
    "curl": ("curl", "--silent", "--show-error", "--max-time", "10", _URL),
    "wget": (
        "wget",
        "--no-verbose",
        "--tries=1",
        "--timeout=10",
        "--content-on-error",
        "--output-document=-",
        _URL,
    ),
    "python3": ("python3", "-c", _PYTHON.format(url=_URL)),
    "node": ("node", "--eval", _NODE.format(url=_URL)),
    "ruby": ("ruby", "-e", _RUBY.format(url=_URL)),
    "deno": ("deno", "eval", _NODE.format(url=_URL)),
    "bun": ("bun", "--eval", _NODE.format(url=_URL)),
}
_CURES = {
    "node": "Node before 22.21 knows no proxy variables: capture it, or give it a newer one",
    "wget": "wget trusts the system's bundle only: put ca.pem there, or use `sidegate exec`",
}
_CURE = "set what `sidegate env` prints, or put ca.pem into the system's bundle"


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Try each client that is there, under `environment`."""
    tried = False
    for name, command in _COMMANDS.items():
        if (path := shutil.which(command[0], path=environment.get("PATH"))) is not None:
            tried = True
            yield _tried(name, [path, *command[1:]], environment)
    if not tried:
        yield doubt("client", "no client was found to try", "run this where the agent runs")


def led(environment: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of an agent, without what would lead this program's own Python astray."""
    kept = {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
    return kept | dict(variables)


def _tried(name: str, command: list[str], environment: Mapping[str, str]) -> Finding:
    check = f"client.{name}"
    try:
        done = subprocess.run(  # noqa: S603 (each is named above)
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=dict(environment),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return doubt(check, f"{name} could not be tried ({type(error).__name__})", _CURES.get(name, _CURE))
    said = (done.stdout + done.stderr).decode(errors="replace")
    if _GATE in said:
        return ok(check, f"{name} goes to the gate and trusts it")
    lines = [line for line in said.splitlines() if line.strip()]
    why = lines[-1].strip()[:120] if lines else f"it ended with {done.returncode}"
    return doubt(check, f"{name} does not get to the gate: {why}", _CURES.get(name, _CURE))


def here() -> dict[str, str]:
    """The environment of this process."""
    return {**os.environ, "PATH": os.environ.get("PATH", os.defpath), "_": sys.executable}
