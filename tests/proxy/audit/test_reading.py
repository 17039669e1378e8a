"""Audit files read again and checked, whole folders of them."""

from pathlib import Path

import pytest

from proxy.audit.reading import check, files_in, lines_of
from rules.audit.checking import Flaw
from rules.audit.record import LONGEST
from tests.rules.audit.chains import KEY, STRANGER, TAMPERED, chain, text_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with two chains, one of them in two files."""
    for name, text in {
        "serve/000000000001.jsonl": text_of(chain()[:9]),
        "serve/000000000010.jsonl": text_of(chain()[9:]),
        "mcp-1/000000000001.jsonl": text_of(chain(name="mcp-1")),
        "serve/torn-0-000000000001": b"{",
        "serve/lock": b"",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
    return tmp_path


def test_all_chains_of_a_folder_are_checked(folder: Path) -> None:
    """Each by itself."""
    checked = check([folder], keys={KEY})
    assert [(each.name, each.last, each.signed) for each in checked.chains] == [
        ("mcp-1", 20, 20),
        ("serve-1", 20, 20),
    ]
    assert (checked.records, checked.findings) == (40, ())
    assert len(files_in([folder])) == 3


def test_files_may_be_named_one_by_one(folder: Path) -> None:
    """In their order."""
    files = [folder / "serve/000000000001.jsonl", folder / "serve/000000000010.jsonl"]
    assert check(files, keys={KEY}).findings == ()
    assert check(files[1:], keys={KEY}, partial=True).findings == ()
    assert [finding.flaw for finding in check(files[1:], keys={KEY}).findings] == [Flaw.BEHEADED]


def test_the_line_that_is_being_written_is_not_judged(folder: Path) -> None:
    """The file of a living chain may end within one."""
    with (folder / "serve/000000000010.jsonl").open("ab") as file:
        file.write(b'{"at":"2026')
    assert check([folder], keys={KEY}).findings == ()


def test_a_line_without_end_costs_no_memory(tmp_path: Path) -> None:
    """It is no record, however long it is."""
    (tmp_path / "x.jsonl").write_bytes(b"x" * (5 * LONGEST) + b"\n")
    assert max(len(text) for _, text in lines_of(tmp_path / "x.jsonl")) <= LONGEST + 2
    assert {finding.flaw for finding in check([tmp_path], keys={KEY}).findings} == {Flaw.UNREADABLE}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_done_is_found_in_its_file(tmp_path: Path, what: str) -> None:
    """With file and line."""
    tamper, flaw, seq = TAMPERED[what]
    (tmp_path / "x.jsonl").write_bytes(text_of(tamper(chain())))
    found = check([tmp_path], keys={KEY}).findings
    assert (flaw, seq) in {(finding.flaw, finding.seq) for finding in found}
    assert all(finding.where.startswith(f"{tmp_path}/x.jsonl:") for finding in found)


def test_other_keys_do_not_count(folder: Path) -> None:
    """The same files, checked with somebody else's key."""
    assert Flaw.STRANGER in {
        finding.flaw for finding in check([folder], keys={STRANGER.public.hex()}).findings
    }
