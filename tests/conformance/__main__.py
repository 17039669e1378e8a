"""The command: `python -m tests.conformance`; exit code 0 if the suite says the same of both ways, else 1."""

import argparse
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.processes import until
from tests.conformance import suite
from tests.conformance.behind import leading, standing
from tests.environments import locked
from tests.ports import free_ports

_PROGRAMS = Path(__file__).parent / "programs"
_OBSERVING = "version: 1\nmode: observe\nrules: []\n"
_DIRECT_RUNS = 4


def main(arguments: Sequence[str]) -> int:
    """Run both sides for both revisions, print what differs, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--side", choices=("server", "client"), action="append", help="only this side")
    sides = parser.parse_args(arguments).side or ["server", "client"]
    same = True
    if "server" in sides:
        with _fixture() as url, standing(url, rules=_OBSERVING) as sidecar:
            for requirements in suite.REQUIREMENTS:

                def serve(through: bool, requirements: str = requirements) -> list[str]:
                    env = leading(sidecar) if through else {}
                    return suite.server_side(url, requirements, env=env)

                same &= _compare(f"server {requirements}", serve)
    if "client" in sides:
        for requirements in suite.REQUIREMENTS:

            def ask(through: bool, requirements: str = requirements) -> list[str]:
                return suite.client_side(client_command(through=through), requirements, env={})

            same &= _compare(f"client {requirements}", ask)
    return int(not same)


def client_command(*, through: bool) -> list[str]:
    """The command of the suite's client, as such or behind a sidecar. Raises locked.NotInstallable."""
    client = [str(locked.python("mcp2")), str(_PROGRAMS / "fixture_client.py")]
    return [sys.executable, "-m", "tests.conformance.behind", *client] if through else client


def differences(direct: Sequence[str], through: Sequence[str]) -> list[str]:
    """The lines that are not the same on both ways."""
    lost = [f"direct:  {line}" for line in direct if line not in through]
    return lost + [f"through: {line}" for line in through if line not in direct]


def varying(runs: Sequence[Sequence[str]]) -> set[str]:
    """The lines of scenarios of which direct runs alone do not always say the same."""
    said: dict[str, set[str]] = {}
    for run in runs:
        for line in run:
            said.setdefault(_scenario(line), set()).add(line)
    return {line for lines in said.values() if len(lines) > 1 for line in lines}


def _compare(name: str, run: Callable[[bool], list[str]]) -> bool:
    """Whether the way through says what direct runs say, one of which is enough if it says the same."""
    through, directs, found = run(True), list[list[str]](), list[str]()
    while len(directs) < _DIRECT_RUNS:
        directs.append(run(False))
        found = differences(directs[0], through)
        known = varying(directs)
        found = [line for line in found if line.split(": ", 1)[1].strip() not in known]
        if not found:
            break
    direct = directs[0]
    passed = sum(line.startswith("\u2713") for line in direct)
    _say(
        f"{name}: {len(direct)} scenarios, {passed} passed direct; {len(found)} lines differ through the gate"
    )
    for line in found:
        _say(f"  {line}")
    for line in sorted(varying(directs)):
        _say(f"  said by {sum(line in each for each in directs)} of {len(directs)} direct runs: {line}")
    return bool(direct) and not found


def _scenario(line: str) -> str:
    """The name of the scenario that `line` is about."""
    return line.split(" ", 1)[1].split(":", 1)[0]


@contextmanager
def _fixture() -> Iterator[str]:
    """The URL of the suite's server."""
    (port,) = free_ports(1)
    command = [str(locked.python("mcp2")), str(_PROGRAMS / "fixture_server.py"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _listens(port), deadline=60, what="the fixture server")
            yield f"http://localhost:{port}/mcp"
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
