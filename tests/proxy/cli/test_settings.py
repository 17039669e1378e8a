"""Flags of an operator's files: what they override, and which problems are told together."""

import argparse
from pathlib import Path

import pytest

from proxy.cli.settings import add_files, add_places, read_config, read_files

RULES = "version: 1\nrules: [{id: one, match: {host: one.test}, tier: 4}]\n"


def parsed(*words: str) -> argparse.Namespace:
    """A command line of `sidegate serve`."""
    parser = argparse.ArgumentParser()
    add_places(parser)
    add_files(parser)
    return parser.parse_args(words)


def test_rules_of_the_file(tmp_path: Path) -> None:
    """They are read where no flag names others, and are what is watched then."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(RULES.replace("one", name))
    config = tmp_path / "config.yaml"
    config.write_text(f'version: 1\nserve: {{rules: ["{tmp_path}/a.yaml"], packs: false}}\n')
    for words, wanted in (((), ["a"]), (("--rules", str(tmp_path / "b.yaml")), ["b"])):
        read = read_files(parsed("--config", str(config), *words))
        assert read is not None
        assert [rule.id for rule in read[1].current().rules] == wanted
        assert read[1].current().packs is None


def test_all_problems_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the configuration, of flags and of rules, each on a line of its own."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrulez: []\n")
    assert read_files(parsed("--listen", "x", "--console", "y", "--rules", str(rules))) is None
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in said] == ["flag --listen", "flag --console", f"{rules}:2:1"]


def test_the_configuration_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Rules that are wrong do not keep it from being shown."""
    layers = read_config(parsed("--rules", "/no/such.yaml"))
    assert layers is not None
    assert layers.config.serve.rules == ("/no/such.yaml",)
    assert capsys.readouterr().err == ""
