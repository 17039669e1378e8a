"""`sidegate check`: every problem of every file at once, and nothing started."""

from pathlib import Path

import pytest

from proxy.cli import main

GOOD = "version: 1\nrules:\n  - {id: pay, match: {host: a.example, method: POST}, tier: 4}\n"

type Capture = pytest.CaptureFixture[str]


def test_defaults_are_right(capsys: Capture) -> None:
    """Without any file there is nothing to be wrong."""
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("ok: 0 rules, rule set ")


def test_good_files(tmp_path: Path, capsys: Capture) -> None:
    """The number of rules and the hash by which holds name the rule set."""
    rules, config = tmp_path / "rules.yaml", tmp_path / "config.yaml"
    rules.write_text(GOOD)
    config.write_text("version: 1\n")
    assert main(["check", "--rules", str(rules), "--config", str(config)]) == 0
    first = capsys.readouterr()
    assert first.out.startswith("ok: 1 rule, rule set ")
    assert first.err == ""
    rules.write_text(f"# a comment\n{GOOD}")
    assert main(["check", "--rules", str(rules)]) == 0
    assert capsys.readouterr().out == first.out


def test_whose_calls_are_only_observed(tmp_path: Path, capsys: Capture) -> None:
    """The configuration says which agent it is; what a file says of others does not count."""
    rules, config = tmp_path / "rules.yaml", tmp_path / "config.yaml"
    rules.write_text(f"{GOOD}agents: {{watched: {{mode: observe}}}}\n")
    config.write_text("version: 1\nidentity: {agent: watched}\n")
    assert main(["check", "--rules", str(rules), "--config", str(config)]) == 0
    assert capsys.readouterr().out.endswith("; the calls of agent `watched` are only observed\n")
    assert main(["check", "--rules", str(rules)]) == 0
    assert "observed" not in capsys.readouterr().out


def test_rules_may_be_given_in_two_ways(tmp_path: Path, capsys: Capture) -> None:
    """Several files after one flag, and several flags."""
    files = []
    for name in ("one", "two", "three"):
        files.append(str(tmp_path / f"{name}.yaml"))
        Path(files[-1]).write_text(GOOD.replace("pay", name))
    assert main(["check", "--rules", files[0], files[1], "--rules", files[2]]) == 0
    assert capsys.readouterr().out.startswith("ok: 3 rules, ")


def test_all_problems_of_all_files(tmp_path: Path, capsys: Capture) -> None:
    """Exit 2; one line each with file, line, column, key and cure; nothing on standard output."""
    config, rules, missing = tmp_path / "config.yaml", tmp_path / "rules.yaml", tmp_path / "missing.yaml"
    config.write_text("version: 1\nidentity: {agnet: a}\nwindows: {decision: -1}\n")
    rules.write_text(GOOD.replace("tier: 4", "tier: 9"))
    assert main(["check", "--config", str(config), "--rules", str(rules), str(missing)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"{config}:2:12",
        f"{config}:3:11",
        f"{missing}:1:1",
        f"{rules}:3:55",
    ]
    assert "did you mean `agent`?" in lines[0]
    assert "No such file or directory" in lines[2]


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Checking makes no data folder, not even the one that is named."""
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--data-dir", str(tmp_path / "data")]) == 0
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().err == ""


def test_warnings(tmp_path: Path, capsys: Capture) -> None:
    """They are said, and count with `--strict` only."""
    path = tmp_path / "rules.yaml"
    path.write_text("version: 1\nrules:\n  - {id: a, match: {host: '*'}, tier: 1}\n")
    assert main(["check", "--rules", str(path)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("ok: 1 rule, ")
    assert said.err == (
        f"{path}:3:6: rules[0].id: `a` is too broad: it gives tier 1 to calls to everyone; "
        "name whom it is about (warning)\n"
    )
    assert main(["check", "--strict", "--rules", str(path)]) == 1
    path.write_text(GOOD)
    assert main(["check", "--strict", "--rules", str(path)]) == 0
