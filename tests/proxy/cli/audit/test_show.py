"""Tests of `sidegate audit show`."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from rules.audit.record import Entry, Kind, Place, digest, line
from tests.proxy.cli.audit.trails import audit, data_dir
from tests.rules.audit.chains import BEGAN, chain, text_of

type Capture = pytest.CaptureFixture[str]


def test_all_records_by_their_time(tmp_path: Path, capsys: Capture) -> None:
    """Of all chains of the folder."""
    folder = data_dir(tmp_path)
    (folder / "audit" / "mcp-1").mkdir()
    (folder / "audit" / "mcp-1" / "000000000001.jsonl").write_bytes(text_of(chain(name="mcp-1")))
    assert audit("show", "--data-dir", folder) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 40
    assert [text.split()[0] for text in shown] == sorted(text.split()[0] for text in shown)
    assert shown[0].split()[3:] == ["started", "number=1", "tier=2"]


def test_what_is_about_one_hold_or_of_one_kind(tmp_path: Path, capsys: Capture) -> None:
    """1 where there is none."""
    lines = chain(5)
    place = Place(chain="serve-1", seq=6, prev=digest(lines[-1]))
    facts = {"hold": "01H", "who": "ada\x1b[31m"}
    lines.append(line(Entry(kind=Kind.DECISION, at=BEGAN + timedelta(days=1), facts=facts), place))
    folder = data_dir(tmp_path, lines)
    for words in (("--hold", "01H"), ("--kind", "decision")):
        assert audit("show", "--data-dir", folder, *words, "--json") == 0
        assert json.loads(capsys.readouterr().out)["seq"] == 6
    assert audit("show", "--data-dir", folder, "--hold", "01H") == 0
    assert "\x1b" not in capsys.readouterr().out
    assert audit("show", "--data-dir", folder, "--hold", "none") == 1


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: Capture) -> None:
    """And the rest shown."""
    assert audit("show", "--data-dir", data_dir(tmp_path, [*chain(5)[:3], b"\0", *chain(5)[3:]])) == 0
    said = capsys.readouterr().out
    assert "000000000001.jsonl:4: " in said
    assert len(said.splitlines()) == 6
