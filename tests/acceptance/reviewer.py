"""A human at the console's API: sees holds, and approves them as they stand."""

import json
import urllib.error
import urllib.request
from typing import Any

from tests.acceptance.sidecar import Sidecar

_SECONDS = 30.0
_MOST_LISTED = 200


class Reviewer:
    """Decides on the holds of one sidecar."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def holds(self) -> dict[str, dict[str, Any]]:
        """The newest holds in short, by id."""
        listed = self._ask(f"/api/holds?limit={_MOST_LISTED}")["holds"]
        return {hold["hold_id"]: hold for hold in listed}

    def hold(self, hold_id: str) -> dict[str, Any]:
        """One hold whole."""
        found: dict[str, Any] = self._ask(f"/api/holds/{hold_id}")["hold"]
        return found

    def approve(self, hold_id: str) -> dict[str, Any]:
        """Approve what the hold shows; returns what was shown."""
        hold = self.hold(hold_id)
        seen = {"digest": hold["digest"]}
        package = hold.get("package")
        if package is not None:
            seen["preview"] = package["preview"]
        try:
            self._ask(f"/api/holds/{hold_id}/approve", seen)
        except urllib.error.HTTPError:
            self._approve_by_command(hold_id)
        return hold

    def _approve_by_command(self, hold_id: str) -> None:
        """The command opens what has to be seen whole before it approves."""
        done = self._sidecar.cli("approve", hold_id, "--yes", deadline=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def _ask(self, path: str, members: dict[str, str] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            self._sidecar.console + path,
            data=None if members is None else json.dumps(members).encode(),
            headers={"Authorization": f"Bearer {self._sidecar.token}", "Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=_SECONDS) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
