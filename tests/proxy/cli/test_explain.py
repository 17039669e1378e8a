"""`sidegate explain`: one call, and why."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from proxy.cli import main

RULES = """version: 1
rules:
  - id: charges
    match: {host: pay.test, method: POST, path: /v1/charges}
    tier: 4
    category: financial
    reason: moves money
    evidence: POST /v1/charges creates a charge (API reference)
    summary: "charges {amount} {currency}"
  - {id: all, match: {host: pay.test}, tier: 3}
"""
CALL = {"method": "POST", "url": "https://pay.test/v1/charges", "body": {"amount": 5}}

type Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    monkeypatch.chdir(tmp_path)


def explain(monkeypatch: pytest.MonkeyPatch, text: str, *flags: str) -> int:
    """Run the command on standard input."""
    stdin = io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogatepass")))
    monkeypatch.setattr("sys.stdin", stdin)
    return main(["explain", "--rules", "rules.yaml", *flags])


def row(request: dict[str, Any], protocol: str = "http") -> str:
    """A row as `classify` takes it."""
    return json.dumps({"id": 1, "protocol": protocol, "request": request}) + "\n"


def test_in_words(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The judgement, then all that bears on the call."""
    assert explain(monkeypatch, row(CALL)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "tier 4, hold: moves money",
        "in short: charges 5 (nothing)",
        "",
        "what bears on this call, the most severe first:",
        "  tier 4, hold, rule, rule `charges`, financial",
        "    moves money",
        "    evidence: POST /v1/charges creates a charge (API reference)",
        "  tier 3, hold, rule, rule `all`",
        "    rule `all` names this call",
    ]


def test_as_json(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The same for programs."""
    assert explain(monkeypatch, row(CALL), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["tier"], found["verdict"], found["rule"], found["category"]) == (
        4,
        "hold",
        "charges",
        "financial",
    )
    assert found["summary"] == "charges 5 (nothing)"
    assert [(b["rule"], b["tier"], len(b["evidence"])) for b in found["bearing"]] == [
        ("charges", 4, 1),
        ("all", 3, 0),
    ]


def test_a_tool(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Without a rule the general reading says why."""
    assert explain(monkeypatch, row({"server": "s", "tool": "delete_file", "arguments": {}}, "mcp")) == 0
    assert capsys.readouterr().out.startswith("tier 4, hold: no rule names this call, and ")


def test_what_cannot_be_judged(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """It is blocked, and that is all that bears on it."""
    assert explain(monkeypatch, row(CALL | {"url": "https://pay.test/%2e%2e/x"})) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("tier 4, block: ")
    assert len(out) == 5


@pytest.mark.parametrize(
    "text", ["", "\n", "{", "[]", '{"id": 1}', "\ud800", '{"id": 1, "protocol": "x", "request": {}}']
)
def test_hostile_rows(text: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """One line with the reason, exit 1, nothing on standard output."""
    assert explain(monkeypatch, text) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1


def test_wrong_rules(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Exit 2."""
    Path("rules.yaml").write_text("version: 2\n")
    assert explain(monkeypatch, row(CALL)) == 2
    assert "version: 1" in capsys.readouterr().err
