"""Tests of `sidegate audit receipt`."""

import json
from pathlib import Path

import pytest

from tests.proxy.cli.audit.trails import audit
from tests.proxy.cli.desk import Desk
from tests.proxy.console.world import World

type Capture = pytest.CaptureFixture[str]


async def test_one_is_given_and_checked(world: World, desk: Desk, capsys: Capture, tmp_path: Path) -> None:
    """By the public key alone; a changed one is not genuine."""
    hold = await world.approve(await world.hold())
    assert audit("receipt", hold.hold_id, "--document", "--data-dir", desk.folder) == 0
    given, file, key = capsys.readouterr().out, tmp_path / "receipt.json", world.signer.public.hex()
    file.write_text(given)
    assert audit("receipt", "--check", file, "--key", key) == 0
    assert "is genuine" in capsys.readouterr().out
    file.write_text(given.replace('"approved"', '"rejected"'))
    assert audit("receipt", "--check", file, "--key", key) == 1
    assert "its signature is not over what it says" in capsys.readouterr().out
    assert json.loads(given)["asked"]["hold"] == hold.hold_id


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_told(tmp_path: Path, capsys: Capture, content: bytes) -> None:
    """With its name."""
    (tmp_path / "x").write_bytes(content)
    assert audit("receipt", "--check", tmp_path / "x", "--key", "ab" * 32) == 1
    assert "cannot be read as JSON" in capsys.readouterr().err


def test_it_is_one_or_the_other(tmp_path: Path) -> None:
    """A hold to give one of, or a file to check."""
    assert audit("receipt") == 2
    assert audit("receipt", "01H", "--check", tmp_path / "x") == 2
