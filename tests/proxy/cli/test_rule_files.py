"""Rules as a command line names them: all of them or all that is wrong."""

import argparse
from pathlib import Path

import pytest

from proxy.cli.rule_files import add_rules, read_documents, read_rules
from rules.ruleset import Ruleset

GOOD = "version: 1\nrules: [{id: %s, match: {host: a.test}, tier: 4}]\n"


@pytest.fixture(name="parse")
def fixture_parse() -> argparse.ArgumentParser:
    """A parser with these flags only."""
    parser = argparse.ArgumentParser()
    add_rules(parser)
    return parser


def files(folder: Path, *contents: str | bytes) -> list[str]:
    """Files with these contents, in order."""
    paths = [folder / f"{n}.yaml" for n in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [str(path) for path in paths]


def test_files_in_order(parse: argparse.ArgumentParser, tmp_path: Path) -> None:
    """Several after one flag, and several flags; the packs come along unless they are turned off."""
    one, two, three = files(tmp_path, GOOD % "one", GOOD % "two", GOOD % "three")
    found = read_rules(parse.parse_args(["--rules", one, two, "--rules", three]), agent="agent")
    assert isinstance(found, Ruleset)
    assert [rule.id for rule in found.rules] == ["one", "two", "three"]
    assert found.packs is not None
    without = read_rules(parse.parse_args(["--no-packs"]), agent="agent")
    assert isinstance(without, Ruleset)
    assert (without.rules, without.packs) == ((), None)


def test_everything_that_is_wrong(parse: argparse.ArgumentParser, tmp_path: Path) -> None:
    """Unreadable and wrong files are all named; one good file among them makes no rule set."""
    bad = files(tmp_path, GOOD % "one", b"\xff\xfe", "version: 2\n")
    found = read_rules(parse.parse_args(["--rules", *bad, str(tmp_path / "none.yaml")]), agent="agent")
    assert isinstance(found, tuple)
    assert {Path(problem.file).name for problem in found} == {"1.yaml", "2.yaml", "none.yaml"}


def test_documents_of_the_right_ones(tmp_path: Path) -> None:
    """Those that are wrong have been reported already."""
    paths = [Path(path) for path in files(tmp_path, GOOD % "one", "version: 2\n")]
    assert [document.content.rules[0].id for document in read_documents(paths)] == ["one"]
