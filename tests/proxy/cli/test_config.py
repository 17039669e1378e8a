"""`sidegate config`: what is set and where it was said; the schema that editors take."""

import json
from pathlib import Path

import jsonschema
import pytest

from proxy.cli import main
from proxy.cli.config import text
from rules.language.yaml_tree import read_tree
from tests.test_docs import DOCS, PAGES, ROOT, examples, is_rules

SCHEMA = json.loads(text())


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what this machine sets."""
    for name in ("REDIS_URL", "SIDEGATE_CONFIG", "SIDEGATE_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Default, file, environment and flag, each where it was said."""
    file = tmp_path / "config.yaml"
    file.write_text("version: 1\nidentity:\n  agent: bot\n")
    monkeypatch.setenv("SIDEGATE__IDENTITY__HUMAN", "eve")
    monkeypatch.setenv("SIDEGATE_DATA_DIR", "/srv/data")
    assert main(["config", "show", "--origin", "--config", str(file), "--listen", "[::1]:0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"identity.agent: bot  # file {file}:3" in lines
    assert "identity.human: eve  # environment SIDEGATE__IDENTITY__HUMAN" in lines
    assert "serve.listen: [::1]:0  # flag --listen" in lines
    assert "serve.console: 127.0.0.1:8081  # default" in lines
    assert "data_dir: /srv/data  # environment SIDEGATE_DATA_DIR" in lines


def test_the_file_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIDEGATE_CONFIG names it; json has the same; rules and packs are flags too."""
    file = tmp_path / "config.yaml"
    file.write_text("version: 1\nserve: {rules: [a.yaml]}\n")
    monkeypatch.setenv("SIDEGATE_CONFIG", str(file))
    assert main(["config", "show", "--json", "--no-packs", "--data-dir", "x"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["serve.rules"] == {"value": ["a.yaml"], "origin": f"file {file}:2"}
    assert found["serve.packs"] == {"value": False, "origin": "flag --no-packs"}
    assert found["data_dir"] == {"value": "x", "origin": "flag --data-dir"}
    assert main(["config", "show", "--json", "--rules", "b.yaml"]) == 0
    assert json.loads(capsys.readouterr().out)["serve.rules"]["value"] == ["b.yaml"]


WRONG = {
    "--listen": "nowhere",
    "--console": "http://x:1",
    "--upstream-ca": "",
    "--witness": "a\0b",
    "--config": "/no/such/file.yaml",
}


@pytest.mark.parametrize("flag", WRONG)
def test_hostile_flags(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the words name what was said."""
    assert main(["config", "show", flag, WRONG[flag]]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert (flag in said.err) or (WRONG[flag] in said.err)


def test_escape_sequences_are_spelled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that is set acts on the terminal of whoever looks."""
    monkeypatch.setenv("SIDEGATE__SERVE__WITNESS", '"a\\e[2Jb"')
    assert main(["config", "show"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_the_shipped_schema_is_the_printed_one(capsys: pytest.CaptureFixture[str]) -> None:
    """`sidegate config schema > docs/config.schema.json` after a change of the model."""
    assert main(["config", "schema"]) == 0
    assert (DOCS / "config.schema.json").read_text() == capsys.readouterr().out
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def _files() -> dict[str, str]:
    # The suffix is what tells them from values of a chart and the settings of other programs.
    found = {str(p.relative_to(ROOT)): p.read_text() for p in (ROOT / "docs").glob("**/config.yaml")}
    for page in PAGES:
        texts = [text for text in examples(page) if not is_rules(text)]
        found |= {f"{page.name} {n}": text for n, text in enumerate(texts)}
    return found


@pytest.mark.parametrize("name", sorted(_files()))
def test_what_is_shipped_is_valid(name: str) -> None:
    """Every example of the docs."""
    jsonschema.validate(read_tree(_files()[name]).value, SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "rules: []",
        "version: 2",
        "version: 1\nidentiy: {}",
        "version: 1\nserve: {packs: 1}",
        "version: 1\nredis: x",
    ],
)
def test_wrong_files_are_not_valid(text: str) -> None:
    """An editor shows these while they are written."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(read_tree(text).value, SCHEMA)
