"""The audit trail of a real sidecar: what it has, what kills leave of it, and what stops without it."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.clients import Answer, Call, curl
from tests.acceptance.conftest import StartSidecar
from tests.acceptance.full_disk import FULL
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

pytestmark = pytest.mark.observe

ROOT = Path(__file__).parents[2]
CONFIG = """
version: 1
review: {preview: optional}
destinations: {allow: [localhost]}
inline_wait: {usual: 0}
windows: {upstream: 8}
new_holds: {most: 1000, within: 60, quarantine: 1}
audit: {file_bytes: 65536}
"""
RULES = """
version: 1
rules:
  - {id: draft, match: {host: localhost, method: POST, path: /drafts}, tier: 2}
  - {id: pay, match: {host: localhost, method: POST, path: "/pay/**"}, tier: 4, reason: moves money}
"""


def ask(sidecar: Sidecar, upstream: Upstream, path: str, *, method: str = "POST") -> Answer:
    """One request of the agent."""
    body = b"" if method == "GET" else json.dumps({"path": path}).encode()
    return curl(
        Call(
            method=method,
            url=f"https://localhost:{upstream.port}{path}",
            headers=(("Content-Type", "application/json"),) if body else (),
            body=body,
            proxy=sidecar.proxy,
            ca=sidecar.ca_bundle,
        )
    )


def records(sidecar: Sidecar) -> list[dict[str, Any]]:
    """All records of the sidecar's chain that are whole."""
    files = sorted((sidecar.data_dir / "audit" / "serve").glob("*.jsonl"))
    whole = [text for file in files for text in file.read_bytes().split(b"\n")[:-1]]
    return [json.loads(text) for text in whole]


def verify(sidecar: Sidecar, *more: str) -> subprocess.CompletedProcess[str]:
    """`sidegate audit verify` with the public key alone."""
    key = sidecar.cli("keys", "show").stdout.split()[-1]
    command = [sys.executable, str(ROOT / "sidegate.py"), "audit", "verify", str(sidecar.data_dir / "audit")]
    return subprocess.run(
        [*command, "--key", key, "--data-dir", "/nonexistent", *more],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def audited(start_sidecar: StartSidecar) -> Sidecar:
    """A sidecar of this test alone."""
    return start_sidecar(rules=RULES, config=CONFIG)


@pytest.fixture
def full(authority: Authority) -> Iterator[Sidecar]:
    """A sidecar whose disk is full once there is a file `full` in its folder."""
    launcher = (sys.executable, "-m", "tests.acceptance.full_disk")
    environment = {"PYTHONPATH": str(ROOT)}
    with Sidecar(
        upstream_ca=authority.ca, rules=RULES, config=CONFIG, launcher=launcher, environment=environment
    ) as sidecar:
        yield sidecar


def test_a_day_of_a_sidecar(audited: Sidecar, upstream: Upstream) -> None:
    """Passes, holds, decisions, attempts, the kill switch, log-ins: each has its record, in a sound chain."""
    assert ask(audited, upstream, "/", method="GET").status < 500
    assert ask(audited, upstream, "/drafts").status < 500
    paid = ask(audited, upstream, "/pay/1").header("Sidegate-Hold")
    refused = ask(audited, upstream, "/pay/2").header("Sidegate-Hold")
    assert paid
    assert refused
    audited.approve(paid)
    audited.reject(refused, "no")
    audited.wait_state(paid, ["executed"])
    assert audited.cli("kill", "--reason", "drill").returncode == 0
    assert audited.cli("unkill").returncode == 0
    receipt = audited.cli("audit receipt", paid)
    assert json.loads(receipt.stdout)["executed"]["state"] == "executed", receipt.stderr
    audited.stop()
    audited.start()
    checked = verify(audited)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    found = records(audited)
    kinds = [record["kind"] for record in found]
    assert {"started", "verdict", "hold", "decision", "transition", "attempt", "kill", "stopped"} <= set(
        kinds
    )
    assert kinds.count("started") == 2
    verdicts = [record["facts"]["tier"] for record in found if record["kind"] == "verdict"]
    assert verdicts == [2, 4, 4]
    decided = {r["facts"]["hold"]: r["facts"] for r in found if r["kind"] == "decision"}
    assert (decided[paid]["event"], decided[refused]["event"]) == ("approve", "reject")
    assert decided[paid]["who"] == "operator"
    [attempt] = [record for record in found if record["kind"] == "attempt"]
    assert attempt["facts"]["hold"] == paid


def test_what_was_done_to_the_file_is_found(audited: Sidecar, upstream: Upstream) -> None:
    """On a real chain: a record edited, gone, in another place, put in, the end cut off, and a fork."""
    for n in range(5):
        ask(audited, upstream, f"/pay/{n}")
    audited.stop()
    audited.start()
    head = next(line.split()[-1] for line in verify(audited).stdout.splitlines() if "head" in line)
    file = sorted((audited.data_dir / "audit" / "serve").glob("*.jsonl"))[0]
    sound = file.read_bytes()
    lines = sound.splitlines(keepends=True)
    edited = next(at for at, line in enumerate(lines) if b'"tier":4' in line)
    other = [*lines[:edited], lines[edited].replace(b'"tier":4', b'"tier":2')]
    last = int(head.split(":")[1])
    for flaw, number, changed in (
        ("changed", edited + 1, [*other, *lines[edited + 1 :]]),
        ("missing", 5, [*lines[:4], *lines[5:]]),
        ("moved", 4, [*lines[:3], lines[4], lines[3], *lines[5:]]),
        ("double", edited + 1, [*other, *lines[edited:]]),
        ("cut", last, lines[:2]),
    ):
        file.write_bytes(b"".join(changed))
        assert found(audited, head) >= {(number, flaw)}, flaw
    file.write_bytes(sound)
    fork = audited.data_dir / "audit" / "copy"
    fork.mkdir()
    (fork / file.name).write_bytes(b"".join(other))
    assert found(audited, head) >= {(edited + 1, "double")}
    shutil.rmtree(fork)
    assert found(audited, head) == set()


def found(audited: Sidecar, head: str) -> set[tuple[int, str]]:
    """The records that `verify` names, each with what is wrong with it."""
    told = verify(audited, "--head", head)
    named = {
        (int(seq), flaw) for seq, flaw in re.findall(r": record (\d+) of `serve-\w+`: (\w+):", told.stdout)
    }
    assert told.returncode == (1 if named else 0), told.stdout
    return named


def test_without_room_for_records_nothing_of_tier_4_is_held(full: Sidecar, upstream: Upstream) -> None:
    """503 with its own reason; what is less goes on; with room again all does, and the chain is sound."""
    (full.folder / FULL).touch()
    assert ask(full, upstream, "/drafts").status < 500
    answer = ask(full, upstream, "/pay/1")
    assert (answer.status, b"audit_unavailable" in answer.body) == (503, True)
    assert ask(full, upstream, "/", method="GET").status < 500
    assert full.metric("sidegate_audit_up") == 0
    assert full.holds() == []
    (full.folder / FULL).unlink()
    assert ask(full, upstream, "/pay/2").status == 403
    assert full.metric("sidegate_audit_up") == 1
    checked = verify(full)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.timeout(300)
def test_kills_leave_a_sound_chain_and_nothing_unrecorded(audited: Sidecar, upstream: Upstream) -> None:
    """Whenever it dies: each request that arrived has its attempt on record."""
    chance = random.Random(1)
    for number in range(int(os.environ.get("AUDIT_KILLS") or 2)):
        held = [ask(audited, upstream, f"/pay/{number}-{n}").header("Sidegate-Hold") for n in range(3)]
        for hold_id in filter(None, held):
            audited.approve(hold_id)
        time.sleep(chance.uniform(0, 0.3))
        audited.kill9()
        audited.start()
    # What was approved when it died runs now.
    until(
        lambda: all(hold["state"] not in ("approved", "claimed", "sending") for hold in audited.holds()),
        deadline=60,
        what="everything to settle",
    )
    checked = verify(audited)
    assert checked.returncode == 0, checked.stdout
    attempts = [record["facts"]["hold"] for record in records(audited) if record["kind"] == "attempt"]
    ran = [hold for hold in audited.holds() if hold["state"] == "executed"]
    assert len(upstream.executed) >= len(ran) > 0
    assert {hold["hold_id"] for hold in ran} <= set(attempts)
    assert len(upstream.executed) <= len(attempts)
