"""A good installation has no fault, and each of the planted ones is found: a real pod, a real sidecar."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.pod import AGENT, WORLD_4, WORLD_6, Pod, pod
from tests.nets import Echo, needs_nets

pytestmark = [pytest.mark.acceptance, pytest.mark.deploy, needs_nets]

SIDEGATE = (sys.executable, str(Path(__file__).parents[2] / "sidegate.py"))
GOOD_RULES = "version: 1\nrules:\n  - id: pay\n    match: {host: pay.test, method: POST}\n    tier: 4\n"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """A pod that is captured, with a world that answers whoever gets out."""
    with pod(tmp_path_factory.mktemp("pod")) as running:
        (running.sidecar.folder / "rules.yaml").write_text(GOOD_RULES)
        answering = [("tcp", WORLD_6, 443), ("tcp", WORLD_4, 22)]
        answering += [("udp", host, port) for host in (WORLD_4, WORLD_6) for port in (443, 53)]
        store = [("tcp", "127.0.0.1", 6379)]
        with Echo(running.world, "world", answering), Echo(running.net, "store", store):
            yield running


@pytest.fixture
def captured(good: Pod) -> Pod:
    """The same, captured anew."""
    good.up("--close", f"{good.console_port},6379")
    return good


def examined(running: Pod, *flags: str, uid: int = AGENT) -> dict[str, str]:
    """What is a fault, with its cure, by check."""
    folder = running.sidecar.folder
    # Clients are another test's business, and slow.
    command = [
        "/usr/bin/env",
        "PATH=/nonexistent",
        *SIDEGATE,
        "doctor",
        "--json",
        "--as",
        str(uid),
        "--captured",
        "--uid",
        "0",
    ]
    command += ["--data-dir", str(running.sidecar.data_dir), "--rules", str(folder / "rules.yaml")]
    command += [
        "--config",
        str(folder / "config.yaml"),
        "--uid",
        "0",
        "--close",
        f"{running.console_port},6379",
    ]
    command += ["--reach", WORLD_4, "--reach", WORLD_6, *flags]
    done = running.net.try_(*command, seconds=110)
    assert done.stdout, done.stderr
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return {one["check"]: one["cure"] for one in findings if one["level"] == "fault"}


def test_a_good_one(captured: Pod) -> None:
    """Nothing is a fault."""
    assert examined(captured) == {}


def _rewrite(path: str, text: str) -> Callable[[Pod], Callable[[], object]]:
    def spoil(running: Pod) -> Callable[[], object]:
        file = running.sidecar.folder / path
        before = file.read_bytes()
        file.write_text(text)
        return lambda: file.write_bytes(before)

    return spoil


def _mode(path: str, mode: int) -> Callable[[Pod], Callable[[], object]]:
    def spoil(running: Pod) -> Callable[[], object]:
        file = running.sidecar.data_dir / path
        before = file.stat().st_mode
        file.chmod(mode)
        return lambda: file.chmod(before)

    return spoil


def _nft(*changes: str) -> Callable[[Pod], Callable[[], object]]:
    def spoil(running: Pod) -> Callable[[], object]:
        for change in changes:
            running.net.run("nft", change)
        return lambda: None

    return spoil


def _authority(running: Pod) -> Callable[[], object]:
    folder = running.sidecar.data_dir
    shutil.copy(folder / "ca-bundle.pem", folder / "kept")
    (folder / "ca-bundle.pem").write_bytes((folder / "upstream-ca.pem").read_bytes())
    return lambda: shutil.move(folder / "kept", folder / "ca-bundle.pem")


_LET = "insert rule inet sidegate"
FAULTS: dict[str, tuple[Callable[[Pod], Callable[[], object]], set[str]]] = {
    "1 the folder is open": (_mode("", 0o755), {"folder.mode"}),
    "2 the authority's key can be read": (_mode("ca/mitmproxy-ca.pem", 0o644), {"keys.mode"}),
    "3 the token can be read": (_mode("operator.token", 0o644), {"keys.mode"}),
    "4 agents are given a bundle without us": (_authority, {"authority.published"}),
    "5 the configuration is wrong": (_rewrite("config.yaml", "version: 1\nnonsense: 1\n"), {"config"}),
    "6 the rules are wrong": (_rewrite("rules.yaml", "version: 1\nrules: [{id: x}]\n"), {"rules"}),
    "7 nothing is captured": (
        _nft("delete table inet sidegate"),
        {"capture.rules", "way.tcp.ipv4.443", "way.tcp.ipv6.443", "way.udp.ipv4.443", "way.dns.ipv4"},
    ),
    "8 IPv6 is left out": (
        _nft(f"{_LET} turned meta nfproto ipv6 accept", f"{_LET} agent meta nfproto ipv6 accept"),
        {"capture.rules", "way.tcp.ipv6.443", "way.udp.ipv6.443", "way.dns.ipv6"},
    ),
    "9 UDP 443 is open": (
        _nft(f"{_LET} agent udp dport 443 accept"),
        {"capture.rules", "way.udp.ipv4.443", "way.udp.ipv6.443"},
    ),
    "10 names are asked outside": (
        _nft(f"{_LET} turned udp dport 53 accept", f"{_LET} agent udp dport 53 accept"),
        {"capture.rules", "way.dns.ipv4", "way.dns.ipv6"},
    ),
    "11 another port is open": (
        _nft(f"{_LET} turned tcp dport 22 accept", f"{_LET} agent tcp dport 22 accept"),
        {"capture.rules", "way.tcp.ipv4.22"},
    ),
    "12 the console is open": (
        lambda running: _nft(f"{_LET} agent tcp dport {running.console_port} accept")(running),
        {"capture.rules"},
    ),
    "13 the store is open": (_nft(f"{_LET} agent tcp dport 6379 accept"), {"capture.rules", "way.here.6379"}),
}


@pytest.mark.parametrize("case", FAULTS)
def test_planted_faults(case: str, captured: Pod) -> None:
    """Each is found by exactly the checks that it concerns, and each of those names a cure."""
    spoil, checks = FAULTS[case]
    mend = spoil(captured)
    try:
        found = examined(captured)
    finally:
        mend()
    if "console" in case:
        checks = checks | {f"way.here.{captured.console_port}"}
    if case.startswith("7 "):
        found = {check: cure for check, cure in found.items() if check in checks}
        assert f"way.here.{captured.console_port}" not in found
    assert set(found) == checks
    assert all(found.values())


def test_14_the_agent_is_the_sidecars_user(captured: Pod) -> None:
    """It is left alone by the rules, so everything is open to it; and it reads the keys."""
    found = examined(captured, uid=0)
    assert {"agent.user", "agent.keys", "way.tcp.ipv6.443"} <= set(found)


def test_15_the_sidecar_is_dead(tmp_path: Path) -> None:
    """Nothing gets out, which is as it should be; but nothing works."""
    with pod(tmp_path) as running:
        (running.sidecar.folder / "rules.yaml").write_text(GOOD_RULES)
        running.up("--close", f"{running.console_port},6379")
        running.sidecar.kill9()
        running.sidecar.kill9_redis()
        assert set(examined(running)) == {"sidecar.serves", "store.reached"}


def test_16_capabilities(captured: Pod) -> None:
    """From inside, with what a container has by default."""
    command = [*SIDEGATE, "doctor", "--inside", "--json", "--reach", "192.0.2.1"]
    done = captured.net.try_(*command, "--data-dir", "/nowhere", seconds=110)
    found = {one["check"]: one["level"] for one in json.loads(done.stdout)["findings"]}
    assert found["agent.capabilities"] == "fault"


def test_inside_a_room_all_is_well(captured: Pod) -> None:
    """Under `exec`, by root who stays root: it is in doubt, and nothing is a fault."""
    folder = str(captured.sidecar.data_dir)
    done = captured.net.try_(
        *(
            *SIDEGATE,
            "exec",
            "--network",
            "namespace",
            "--data-dir",
            folder,
            "--",
        ),
        *(
            *SIDEGATE,
            "doctor",
            "--inside",
            "--json",
            "--data-dir",
            folder,
            "--reach",
            WORLD_4,
            "--reach",
            WORLD_6,
        ),
        seconds=110,
    )
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)["findings"]
    doubts = {one["check"] for one in findings if one["level"] != "ok"}
    assert doubts <= {"agent.user"}
