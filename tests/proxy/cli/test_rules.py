"""`sidegate rules`: what it makes of documents and of traffic is what `sidegate check` accepts."""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import pytest

from proxy.cli import main, rules
from tests.rules.observed.lines import line
from tests.rules.openapi.documents import document

DOCS = Path(__file__).parents[3] / "docs"
PETS = document({"/pets": {"get": {"operationId": "listPets"}}, "/pets/{id}": {"delete": {}}})

type Capture = pytest.CaptureFixture[str]


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Write a document."""
    path = tmp_path / "pets.json"
    path.write_text(json.dumps(PETS))
    return path


def test_what_is_made_is_right(pets: Path, tmp_path: Path, capsys: Capture) -> None:
    """On standard output or in a new file the same, which `sidegate check` accepts."""
    out = tmp_path / "rules.yaml"
    assert main(["rules", "from-openapi", str(pets)]) == 0
    printed = capsys.readouterr()
    assert main(["rules", "from-openapi", str(pets), "-o", str(out)]) == 0
    assert out.read_text() == printed.out
    assert printed.err == ""
    assert main(["check", "--no-packs", "--rules", str(out)]) == 0
    assert capsys.readouterr().out.startswith("ok: 2 rules, ")


def test_another_host(pets: Path, capsys: Capture) -> None:
    """Where the API is, whatever the document says."""
    assert main(["rules", "from-openapi", str(pets), "--host", "pets.mine.example"]) == 0
    assert 'host: "pets.mine.example"' in capsys.readouterr().out


def test_a_file_is_never_overwritten(pets: Path, tmp_path: Path, capsys: Capture) -> None:
    """Rules in force stay as they are."""
    out = tmp_path / "rules.yaml"
    out.write_text("mine")
    assert main(["rules", "from-openapi", str(pets), "-o", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["rules", "from-openapi", str(pets), "-o", str(tmp_path / "no" / "where")]) == 2
    assert "cannot be written" in capsys.readouterr().err


WRONG: dict[str, tuple[bytes, str]] = {
    "no utf-8": (b"\xff\xfe", ": document: is not utf-8 at byte 0"),
    "broken yaml": (b"a: [", ": document: line 1, column 5: this is not yaml"),
    "an unknown version": (b"openapi: 9.9.9\n", ":1:1: document: the version of OpenAPI is `9.9.9`"),
    "a wrong type": (b"openapi: 3.0.0\npaths:\n  /a: 7\n", ":3:3: paths./a: must be a mapping"),
    "a path": (
        b"openapi: 3.0.0\nservers: [{url: https://a.example}]\npaths:\n  /{a}-{b}: {get: {}}\n",
        ":4:3: paths./{a}-{b}: no rule can name this path",
    ),
    "characters that act on terminals": (b'{"openapi": "3.0.0", "paths": {"/\\u001b[2J": 7}}', "/\\x1b[2J"),
}


@pytest.mark.parametrize("case", WRONG)
def test_hostile_documents(case: str, tmp_path: Path, capsys: Capture) -> None:
    """Exit 2, one line with file, place and cure, nothing on standard output."""
    content, said = WRONG[case]
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    assert main(["rules", "from-openapi", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith(f"{path}:")
    assert said in captured.err


def test_unreadable_files(tmp_path: Path, capsys: Capture) -> None:
    """One that is not there, one that is a folder, one that is too large."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(2**30)
    for path, said in ((tmp_path / "none", "No such file"), (tmp_path, "directory"), (large, "split it")):
        assert main(["rules", "from-openapi", str(path)]) == 2
        assert said in capsys.readouterr().err


def test_skip(tmp_path: Path, capsys: Capture) -> None:
    """Leaves out what no rule can name."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document({"/{a}-{b}": {"get": {}}, "/c": {"get": {}}})))
    assert main(["rules", "from-openapi", "--skip", str(path)]) == 0
    assert "# no rule for paths./{a}-{b}" in capsys.readouterr().out


@pytest.mark.parametrize("host", ["https://a.example", "*.com", ""])
def test_no_host(host: str, pets: Path, capsys: Capture) -> None:
    """Wrong use, with the cure."""
    with pytest.raises(SystemExit) as end:
        main(["rules", "from-openapi", str(pets), "--host", host])
    assert end.value.code == 2
    assert "write a name such as" in capsys.readouterr().err


def _kinds() -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    rules.add_parser(commands)
    return dict(next(a for a in commands.choices["rules"]._actions if a.metavar == "SOURCE").choices or {})


@pytest.mark.parametrize("kind", sorted(_kinds()))
def test_every_flag_is_documented(kind: str) -> None:
    """Below the heading of its kind."""
    page = (DOCS / "cli.md").read_text()
    section = page.partition(f"    sidegate rules {kind} ")[2].partition("\n#")[0]
    documented = set(re.findall(r"^\| `(\S+?)[` ]", section.partition("| flag |")[2], flags=re.MULTILINE))
    known = {a.option_strings[0] if a.option_strings else a.metavar for a in _kinds()[kind]._actions}
    assert documented == known - {"-h"}


def test_suggestions_are_right(tmp_path: Path, capsys: Capture) -> None:
    """What is proposed passes `sidegate check`."""
    witness, out = tmp_path / "witness.jsonl", tmp_path / "rules.yaml"
    witness.write_bytes(line("GET a.example/pets/7", 1) + b"\n" + line("DELETE a.example/pets/7", 4))
    assert main(["rules", "suggest", str(witness), "-o", str(out)]) == 0
    assert main(["check", "--no-packs", "--rules", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("ok: 2 rules, ")
    assert said.err == ""


def test_malformed_lines(tmp_path: Path, capsys: Capture) -> None:
    """One line each with file and line, up to a hundred; the rest goes on; exit 1."""
    witness = tmp_path / "witness.jsonl"
    witness.write_bytes(b"{\n" * 150 + line("GET a.example/pets", 1))
    assert main(["rules", "suggest", str(witness)]) == 1
    said = capsys.readouterr()
    assert 'path: "/pets"' in said.out
    complaints = said.err.splitlines()
    assert complaints[0].startswith(f"{witness}:1: the line is no json object")
    assert len(complaints) == 101
    assert "50 further lines" in complaints[-1]


def test_no_witness(tmp_path: Path, capsys: Capture) -> None:
    """One that is not there, and a folder."""
    for path in (tmp_path / "none", tmp_path):
        assert main(["rules", "suggest", str(path)]) == 2
        assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["from-openapi", "pets.openapi.yaml"], ["suggest", "witness.jsonl"]])
def test_the_example_runs(command: list[str], capsys: Capture) -> None:
    """The files that the docs name."""
    assert main(["rules", command[0], str(DOCS / "examples" / command[1])]) == 0
    assert "  - id: " in capsys.readouterr().out
