"""The sidecar under test, with the policy that the cases assume and the upstream's addresses open."""

import json
import re
import socket
import sys
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any

from tests.acceptance.authority import Authority
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.evasion.launcher import Plant
from tests.evasion.places import CONSOLE_PORT, Places

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_MOST_LISTED = 200
_MOST_SHOWN = 3
_PATIENCE_SECONDS = 10.0
_PASSED = re.compile(r"sidegate_admissions_total\{[^}]*verdict=\"pass\"")
_CONFIG = """\
version: 1
identity: {{agent: agent, session: evasion}}
destinations: {{allow: ["{places.http1}", "{places.http2}"]}}
inline_wait: {{usual: 0, most: 0}}
"""
# Many cases after one another are no flood of one agent.
SHARED = "new_holds: {most: 10000}\n"


_VERBS = (
    "confirm approve send execute delete unsubscribe pay transfer wipe purge publish".split()  # noqa: SIM905
)
_DEEPEST = 8


def rules() -> str:
    """The rules file. A template names segments by their place, so the verbs need one for each depth."""
    starts = ["".join(f"/{{s{n}}}" for n in range(depth)) for depth in range(_DEEPEST)]
    paths = [
        f"{start}/{verb}{ending}" for start in starts for verb in _VERBS for ending in ("/**", ".{format}")
    ]
    match = json.dumps({"host": "*", "method": "GET", "path": paths})
    rule = f"  - id: acts-by-get\n    match: {match}\n    tier: 4\n    reason: its path says what it does\n"
    return (_HERE / "rules.yaml").read_text() + "\n" + rule


class Subject(Sidecar):
    """One sidecar, whose holds and admissions can be counted."""

    def __init__(self, places: Places, *, authority: Authority, plant: Plant, extra: str) -> None:
        super().__init__(
            upstream_ca=authority.ca,
            rules=rules(),
            config=_CONFIG.format(places=places) + extra,
            environment={"PYTHONPATH": str(_ROOT)},
            launcher=(sys.executable, "-m", "tests.evasion.launcher", places.http1, places.http2, plant),
        )
        if _is_free(CONSOLE_PORT):
            self._console_port = CONSOLE_PORT

    @property
    def port(self) -> int:
        """The agents' door."""
        return int(self.proxy.rpartition(":")[2])

    @property
    def console_port(self) -> int:
        """The reviewers' door."""
        return int(self.console.rpartition(":")[2])

    def raw_shown(self, hold_ids: Iterable[str]) -> str:
        """Characters that act or hide, as far as the API or the command line shows any of these holds raw."""
        odd = set[str]()
        for hold_id in islice(hold_ids, _MOST_SHOWN):
            api = self._get(f"/api/holds/{hold_id}").decode()
            command = self.cli("holds", hold_id).stdout
            odd |= {char for char in api + command.replace("\n", "") if not char.isprintable()}
        return " ".join(f"U+{ord(char):04X}" for char in sorted(odd))

    def attempts(self) -> dict[str, int]:
        """How often each hold that still waits was asked for. Raises OSError if nobody answers."""
        listed = json.loads(self._get(f"/api/holds?limit={_MOST_LISTED}"))["holds"]
        return {hold["hold_id"]: hold["attempts"] for hold in listed if hold["state"] == "pending"}

    def own_reads(self, hold_ids: Iterable[str]) -> list[str]:
        """What was read to show reviewers what these holds would change, once that is done."""
        found = []
        for hold_id in hold_ids:
            if self._snapshot(hold_id) is not None:
                done = partial(self._recorded, hold_id)
                snapshot = until(done, deadline=_PATIENCE_SECONDS, what="the snapshot")
                found += [read["url"] for read in snapshot["reads"]]
        return found

    def _recorded(self, hold_id: str) -> dict[str, Any] | None:
        snapshot = self._snapshot(hold_id)
        return snapshot if snapshot and snapshot["recorded"] else None

    def _snapshot(self, hold_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = json.loads(self._get(f"/api/holds/{hold_id}"))["hold"]["snapshot"]
        return found

    def admitted(self) -> int:
        """How many requests were let through by now. Raises OSError if nobody answers."""
        lines = self._get("/metrics").decode().splitlines()
        return sum(round(float(line.rpartition(" ")[2])) for line in lines if _PASSED.match(line))

    @property
    def is_full(self) -> bool:
        """Whether the next holds may push older ones out of what is listed."""
        return len(self.attempts()) > _MOST_LISTED // 2

    def _get(self, path: str) -> bytes:
        place = self.console.removeprefix("http://")
        with closing(HTTPConnection(place, timeout=_PATIENCE_SECONDS)) as connection:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            response = connection.getresponse()
            if response.status != 200:
                raise OSError(f"the console answers {response.status} to `{path}`")
            return response.read()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
