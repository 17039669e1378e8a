"""What an agent's process may do, what it can read, and what its settings say."""

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from proxy.doctor.finding import Finding, doubt, fault, ok

# By their numbers in <linux/capability.h>: what each of them gives an agent.
_CAPABILITIES = {
    7: ("CAP_SETUID", "become the sidecar's user"),
    12: ("CAP_NET_ADMIN", "take the rules away"),
    13: ("CAP_NET_RAW", "send packets past the rules"),
    19: ("CAP_SYS_PTRACE", "read the sidecar's memory"),
    21: ("CAP_SYS_ADMIN", "leave its namespaces"),
}
_ERRANDS = (
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What of the gate this process should have nothing of. `uid` None: it is not known."""

    uid: int | None = None
    data_dir: Path | None = None


def examine(gate: Gate, environment: Mapping[str, str]) -> Iterator[Finding]:
    """All about this process, taken for an agent."""
    yield _user(gate)
    yield from _capabilities()
    yield _keys(gate.data_dir)
    yield _errands()
    yield _bypass(environment)
    yield _bundles(environment)


def _user(gate: Gate) -> Finding:
    uid = os.geteuid()
    if uid == gate.uid:
        cure = "run the agent as another user: nothing that this user sends is captured"
        return fault("agent.user", f"the agent runs as the sidecar's user ({uid})", cure)
    if uid == 0:
        cure = "name a user with `sidegate exec --user`, or runAsNonRoot"
        return doubt("agent.user", "the agent runs as root, which owns what others run", cure)
    return ok("agent.user", f"the agent runs as user {uid}")


def _capabilities() -> Iterator[Finding]:
    status = dict(line.split(":\t", 1) for line in _status().splitlines() if ":\t" in line)
    # What the bounding set has can be had by a program with a file capability, or by root.
    sets = (
        ("CapEff", "CapPrm")
        if status.get("NoNewPrivs", "0").strip() == "1"
        else ("CapEff", "CapPrm", "CapBnd")
    )
    held = 0
    for name in sets if os.geteuid() == 0 else ("CapEff", "CapPrm"):
        held |= int(status.get(name, "0").strip() or "0", 16)
    bad = [words for number, words in _CAPABILITIES.items() if held >> number & 1]
    if bad:
        name, what = bad[0]
        named = ", ".join(one for one, _ in bad)
        yield fault(
            "agent.capabilities", f"the agent has {named}: with {name} it can {what}", "drop ALL of them"
        )
    else:
        yield ok("agent.capabilities", "the agent has no capability that leads past the gate")


def _keys(data_dir: Path | None) -> Finding:
    for name in ("ca/mitmproxy-ca.pem", "operator.token", "keys"):
        if data_dir is not None and os.access(data_dir / name, os.R_OK):
            cure = "give the agent another user, and no volume with the data folder"
            return fault("agent.keys", f"the agent can read `{data_dir / name}`", cure)
    return ok("agent.keys", "the agent reads none of the sidecar's keys")


def _errands() -> Finding:
    for path in _ERRANDS:
        if os.access(path, os.W_OK) and _answers(path):
            cure = "do not mount it into the agent's container"
            return fault("agent.sockets", f"`{path}` runs containers for the agent, past the gate", cure)
    return ok("agent.sockets", "no container engine does errands for the agent")


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1.0)
        try:
            line.connect(path)
        except OSError:
            return False
    return True


def _bypass(environment: Mapping[str, str]) -> Finding:
    if missing := next((name for name in _PROXIES if not environment.get(name)), None):
        cure = "set what `sidegate env` prints; where the agent is captured, nothing depends on it"
        return doubt(
            "agent.proxy", f"`{missing}` is not set: clients that honour it do not know the gate", cure
        )
    if environment.get("NO_PROXY") or environment.get("no_proxy"):
        cure = "set NO_PROXY and no_proxy to nothing"
        return doubt("agent.proxy", "NO_PROXY names hosts that clients reach past their proxy", cure)
    return ok("agent.proxy", "clients are told where the gate is")


def _bundles(environment: Mapping[str, str]) -> Finding:
    for name in _BUNDLES:
        value = environment.get(name)
        if value and not os.access(value, os.R_OK):
            cure = "set what `sidegate env` prints, and let the agent read those files"
            return fault("agent.trust", f"{name} names `{value}`, which the agent cannot read", cure)
    if missing := next((name for name in _BUNDLES if not environment.get(name)), None):
        cure = "set what `sidegate env` prints"
        return doubt("agent.trust", f"`{missing}` is not set: its clients do not trust the gate", cure)
    return ok("agent.trust", "clients are told whom to trust")


def _status() -> str:
    return Path("/proc/self/status").read_text()
