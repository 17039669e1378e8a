"""The running sidecar: whether it serves, answers and is ready; and whether the rules of capture hold."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from proxy.capture import table
from proxy.capture.plan import Plan
from proxy.capture.programs import CaptureError
from proxy.capture.table import Standing
from proxy.data_dir.lock import held
from proxy.doctor.finding import Finding, doubt, fault, ok

_SECONDS = 5.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_START = "start it with `sidegate serve`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What `serve.json` says of a sidecar that lives."""

    proxy: str
    console: str
    captured: int | None
    dns: int | None


def examine(data_dir: Path) -> tuple[Found | None, list[Finding]]:
    """The sidecar, and all about it."""
    found = _found(data_dir)
    if found is None:
        return None, [fault("sidecar.serves", f"no sidecar serves from `{data_dir}`", _START)]
    return found, [ok("sidecar.serves", "the sidecar serves"), _ready(found), _listens(found), _apart(found)]


def rules(plan: Plan) -> Finding:
    """Whether the rules of capture are in force here, as `plan` has them."""
    try:
        standing = table.standing(plan)
    except CaptureError as error:
        return doubt(
            "capture.rules", f"the rules of capture cannot be looked at: {error}", "run this as root"
        )
    match standing:
        case Standing.IN_FORCE:
            return ok("capture.rules", "the rules of capture are in force, and as they were made")
        case Standing.ABSENT:
            return fault("capture.rules", "nothing is captured here", "run `sidegate capture up`")
        case Standing.OTHER_PLAN:
            cure = "give this command the flags of `sidegate capture up`, or run that anew"
            return fault("capture.rules", "the rules of capture are for other users or ports", cure)
        case Standing.CHANGED:
            cure = "run `sidegate capture up` anew, and find out who it was"
            return fault("capture.rules", "somebody has changed the rules of capture", cure)


def _found(data_dir: Path) -> Found | None:
    try:
        if not held(data_dir):
            return None
        members = json.loads((data_dir / "serve.json").read_bytes())
        return Found(
            proxy=str(members["proxy"]),
            console=str(members["console"]),
            captured=members.get("capture"),
            dns=members.get("dns"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _ready(found: Found) -> Finding:
    try:
        with httpx2.Client(timeout=_SECONDS, trust_env=False) as client:
            response = client.get(f"{_reachable(found.console)}/readyz")
            missing = response.json().get("not_ready", [])
    except (httpx2.HTTPError, ValueError, AttributeError):
        return fault("sidecar.ready", "the console does not answer", "see the sidecar's log")
    if not response.is_success:
        named = ", ".join(map(str, missing))
        return fault("sidecar.ready", f"the sidecar is not ready ({named})", "see its log")
    return ok("sidecar.ready", "the sidecar is ready")


def _listens(found: Found) -> Finding:
    parts = urlsplit(_reachable(found.proxy))
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), _SECONDS).close()
    except OSError as error:
        why = error.strerror or "no answer"
        return fault(
            "sidecar.listens", f"the agents' listener does not answer ({why})", "see the sidecar's log"
        )
    return ok("sidecar.listens", "the agents' listener answers")


def _apart(found: Found) -> Finding:
    """The console is for people: beyond loopback, the network has to keep agents from it."""
    if (urlsplit(found.console).hostname or "") in _LOOPBACK:
        return ok("console.place", "the console listens on loopback alone")
    cure = "have it listen on a network that agents are not on, or close its port to them"
    return doubt("console.place", "the console listens beyond loopback", cure)


def _reachable(url: str) -> str:
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
