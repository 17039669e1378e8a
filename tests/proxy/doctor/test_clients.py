"""Clients of this machine: whether they come to the gate, told by what they print."""

from pathlib import Path

import pytest

from proxy.doctor import clients
from proxy.doctor.clients import examine, led
from proxy.doctor.finding import Level

TELLS = 'echo \'{"detail": "there is no such hold of this agent"}\''


def made(folder: Path, **programs: str) -> dict[str, str]:
    """An environment in which only these programs are found."""
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def test_who_comes_and_who_does_not(tmp_path: Path) -> None:
    """The last line says why not, and the cure is the client's own."""
    environment = made(tmp_path, curl=TELLS, wget="echo >&2; echo 'no trust' >&2; exit 5", node="exit 1")
    found = {one.check: one for one in examine(environment)}
    assert {check: one.level for check, one in found.items()} == {
        "client.curl": Level.OK,
        "client.wget": Level.DOUBT,
        "client.node": Level.DOUBT,
    }
    assert "no trust" in found["client.wget"].said
    assert "system's bundle" in found["client.wget"].cure
    assert "ended with 1" in found["client.node"].said


def test_who_hangs_or_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither stops the others."""
    monkeypatch.setattr(clients, "_SECONDS", 0.3)
    environment = made(tmp_path, curl="exec /bin/sleep 30", ruby=TELLS)
    (tmp_path / "node").write_bytes(b"\x00\x01")
    (tmp_path / "node").chmod(0o755)
    levels = {one.check: one.level for one in examine(environment)}
    assert levels == {"client.curl": Level.DOUBT, "client.node": Level.DOUBT, "client.ruby": Level.OK}


def test_none_at_all(tmp_path: Path) -> None:
    """That says something about where this is run."""
    assert [one.check for one in examine({"PATH": str(tmp_path)})] == ["client"]


def test_the_environment_of_an_agent() -> None:
    """Ours over its own, and nothing that leads another Python astray."""
    assert led({"PYTHONPATH": "x", "A": "1", "B": "1"}, {"B": "2"}) == {"A": "1", "B": "2"}
