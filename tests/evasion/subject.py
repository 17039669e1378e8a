"""The sidecar under test, with the policy that the cases assume and the upstream's addresses open."""

import json
import socket
import sys
import urllib.request
from pathlib import Path

from tests.acceptance.authority import Authority
from tests.acceptance.sidecar import Sidecar
from tests.evasion.launcher import Plant
from tests.evasion.places import CONSOLE_PORT, Places

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_MOST_LISTED = 200
_CONFIG = """\
version: 1
identity: {{agent: agent, session: evasion}}
destinations: {{allow: ["{places.http1}", "{places.http2}"]}}
inline_wait: {{usual: 0, most: 0}}
"""


class Subject(Sidecar):
    """One sidecar, whose holds and admissions can be counted."""

    def __init__(self, places: Places, *, authority: Authority, plant: Plant) -> None:
        super().__init__(
            upstream_ca=authority.ca,
            rules=(_HERE / "rules.yaml").read_text(),
            config=_CONFIG.format(places=places),
            environment={"PYTHONPATH": str(_ROOT)},
            launcher=(sys.executable, "-m", "tests.evasion.launcher", places.http1, places.http2, plant),
        )
        if _is_free(CONSOLE_PORT):
            self._console_port = CONSOLE_PORT

    @property
    def port(self) -> int:
        """The agents' door."""
        return int(self.proxy.rpartition(":")[2])

    def attempts(self) -> dict[str, int]:
        """How often each hold that still waits was asked for. Raises OSError if nobody answers."""
        url = f"{self.console}/api/holds?limit={_MOST_LISTED}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            listed = json.load(response)["holds"]
        return {hold["hold_id"]: hold["attempts"] for hold in listed if hold["state"] == "pending"}

    def admitted(self) -> int:
        """How many requests were let through by now. Raises OSError if nobody answers."""
        return round(self.metric("sidegate_admissions_total", verdict="pass"))

    @property
    def is_full(self) -> bool:
        """Whether the next holds may push older ones out of what is listed."""
        return len(self.attempts()) > _MOST_LISTED // 2


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
