"""The compose example's agent and bank with a real sidecar, without containers around them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.dashboards.boards import ROOT
from tests.dashboards.shipped import EXAMPLE
from tests.ports import free_ports

pytestmark = pytest.mark.acceptance

_TOKEN = "planted-bank-token"
_OPEN_LOOPBACK = "destinations: {allow: [localhost]}\n"
_SECONDS = 30.0


def here(name: str) -> str:
    """A file of the example, with the bank on this machine."""
    return (EXAMPLE / name).read_text().replace("bank.example", "localhost")


@contextmanager
def running(log: Path, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A script of the example as a process; it is gone afterwards."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with (
        log.open("wb") as written,
        subprocess.Popen(
            [sys.executable, *command], stdout=written, stderr=written, env=kept | environment
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[str]:
    """The bank, serving; yields its address. Its log is `bank.log`, its authority `bank.pem`."""
    (port,) = free_ports(1)
    ca = tmp_path / "bank.pem"
    flags = (f"--listen=127.0.0.1:{port}", f"--ca={ca}", "--name=localhost")
    log = tmp_path / "bank.log"
    with running(log, str(EXAMPLE / "bank.py"), *flags, BANK_TOKEN=_TOKEN):
        until(ca.exists, deadline=_SECONDS, what="the bank's authority", also=log.read_text)
        yield f"https://localhost:{port}"


@pytest.fixture
def sidecar(bank: str, tmp_path: Path) -> Iterator[Sidecar]:
    """A sidecar with the example's rules and configuration; only it has the bank's token."""
    with Sidecar(
        upstream_ca=tmp_path / "bank.pem",
        rules=here("rules.yaml"),
        config=here("config.yaml") + _OPEN_LOOPBACK,
        environment={"BANK_TOKEN": _TOKEN},
    ) as sidecar:
        yield sidecar


@contextmanager
def agent(bank: str, sidecar: Sidecar, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The example's agent with the environment that compose.yaml gives it."""
    with running(
        log,
        str(EXAMPLE / "agent.py"),
        BANK_URL=bank,
        HTTP_PROXY=sidecar.proxy,
        HTTPS_PROXY=sidecar.proxy,
        SSL_CERT_FILE=str(sidecar.ca_bundle),
    ) as process:
        yield process


def held(log: Path) -> str:
    """The id that the agent was told, as soon as it was."""

    def told() -> str | None:
        lines = [line for line in log.read_text().splitlines() if line.startswith("agent: held: ")]
        return lines[0].rpartition(" ")[2] if lines else None

    return until(told, deadline=_SECONDS, what="the agent to be held", also=log.read_text)


def decide(sidecar: Sidecar, *words: str) -> None:
    """What the reviewer types."""
    command = [sys.executable, str(ROOT / "sidegate.py"), *words, "--data-dir", str(sidecar.data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr


def test_an_approved_payment_is_made_once(bank: str, sidecar: Sidecar, tmp_path: Path) -> None:
    """The read passes, the payment waits, and the agent gets the bank's answer after approval."""
    log = tmp_path / "agent.log"
    with agent(bank, sidecar, log) as process:
        hold_id = held(log)
        assert "payment" not in (tmp_path / "bank.log").read_text()
        decide(sidecar, "approve", "--yes", hold_id)
        assert process.wait(_SECONDS) == 0, log.read_text()
    said = log.read_text()
    assert '/accounts/7: 200 {"account": "7"' in said
    assert "agent: the hold is now executed" in said
    assert 'the same POST again: 201 {"payment": 1' in said
    assert (tmp_path / "bank.log").read_text().count("bank: payment") == 1
    assert _TOKEN not in said


def test_a_rejected_payment_is_not_made(bank: str, sidecar: Sidecar, tmp_path: Path) -> None:
    """The agent hears the refusal, the bank hears nothing."""
    log = tmp_path / "agent.log"
    with agent(bank, sidecar, log) as process:
        decide(sidecar, "reject", held(log), "--reason", "no such invoice")
        assert process.wait(_SECONDS) == 1, log.read_text()
    assert "agent: the hold is now rejected" in log.read_text()
    assert "no such invoice" in log.read_text()
    assert "payment" not in (tmp_path / "bank.log").read_text()
