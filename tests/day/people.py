"""An agent that asks, and a reviewer who answers, each over the doors that are theirs."""

import ssl
from typing import Any

import httpx2

from tests.day.stage import Stage

_SECONDS = 30.0


class Agent:
    """Calls the upstream through the sidecar; does not wait for people."""

    def __init__(self, stage: Stage) -> None:
        self._upstream = stage.upstream
        self._client = httpx2.Client(
            proxy=stage.sidecar.proxy,
            verify=ssl.create_default_context(cafile=str(stage.sidecar.ca)),
            trust_env=False,
            timeout=_SECONDS,
            headers={"Prefer": "wait=0"},
        )

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        """The sidecar's answer, or the upstream's."""
        return self._client.request(method, self._upstream.url(path), json=body)

    def hold(self, path: str, **body: Any) -> str:
        """Ask for what is held; returns the hold's id."""
        answer = self.ask("POST", path, body)
        assert "Sidegate-Hold" in answer.headers, f"{path}: {answer.status_code} {answer.text}"
        return str(answer.headers["Sidegate-Hold"])

    def close(self) -> None:
        """Hang up."""
        self._client.close()


class Desk:
    """The operator at the console's API."""

    def __init__(self, stage: Stage) -> None:
        self._client = httpx2.Client(
            base_url=stage.sidecar.console,
            headers={"Authorization": f"Bearer {stage.sidecar.token}"},
            trust_env=False,
            timeout=_SECONDS,
        )

    def waiting(self) -> list[str]:
        """The ids of what waits for a decision."""
        listed = self._said("GET", "/api/holds?state=pending&limit=200")["holds"]
        return [hold["hold_id"] for hold in listed]

    def see(self, hold_id: str) -> dict[str, Any]:
        """One hold whole: from then on it counts as looked at."""
        seen: dict[str, Any] = self._said("GET", f"/api/holds/{hold_id}")["hold"]
        return seen

    def approve(self, seen: dict[str, Any]) -> dict[str, Any]:
        """Approve what was shown; returns the hold after it."""
        body = {"digest": seen["digest"], "preview": seen["package"]["preview"]}
        return self.act(seen["hold_id"], "approve", **body)

    def act(self, hold_id: str, action: str, **body: Any) -> dict[str, Any]:
        """Do something else about it; returns the hold after it."""
        after: dict[str, Any] = self._said("POST", f"/api/holds/{hold_id}/{action}", body)["hold"]
        return after

    def passed(self) -> list[dict[str, Any]]:
        """Calls that passed and that nobody has labelled."""
        found: list[dict[str, Any]] = self._said("GET", "/api/passed")["passed"]
        return found

    def label_passed(self, sample_id: str, label: str) -> None:
        """Say whether it was right to let one pass."""
        self._said("POST", f"/api/passed/{sample_id}/label", {"label": label})

    def kill(self, *, on: bool) -> None:
        """Turn the kill switch."""
        self._said("POST" if on else "DELETE", "/api/kill", {"reason": "a drill"} if on else None)

    def refused(self, hold_id: str) -> int:
        """Try to approve what should not be; the status."""
        body = {"digest": "0" * 64, "preview": "0" * 64}
        return int(self._client.post(f"/api/holds/{hold_id}/approve", json=body).status_code)

    def close(self) -> None:
        """Go home."""
        self._client.close()

    def _said(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._client.request(method, path, json=body)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        said: dict[str, Any] = answer.json()
        return said
