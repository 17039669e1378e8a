"""`sidegate test`: examples hold, and a changed tier shows."""

import json
import re
from pathlib import Path

import pytest

from proxy.cli import main
from tests.test_docs import DOCS, examples

RULES = """version: 1
rules:
  - id: charges
    match: {host: pay.test, method: POST, path: /v1/charges}
    tier: 4
    lower: [{when: {body: {amount: {lte: 100}}}, tier: 2, reason: small charge}]
    examples:
      - {request: {method: POST, url: "https://pay.test/v1/charges", body: {amount: 100}}, tier: 2}
      - {request: {method: POST, url: "https://pay.test/v1/charges", body: {amount: 100.01}}, tier: 4}
      - {request: {method: POST, url: "https://pay.test/v1/charges", body: "amount=5",
                   headers: {content-type: application/x-www-form-urlencoded}}, tier: 2}
  - id: ledger
    match: {host: pay.test, path: /v1/ledger}
    forbidden: true
    examples: [{request: {method: GET, url: "https://pay.test/v1/ledger"}, forbidden: true}]
  - id: files
    match: {server: files, tool: delete_*, arguments: {depth: {gt: 1.5}}}
    tier: 4
    examples: [{request: {server: files, tool: delete_all, arguments: {depth: 2}}, tier: 4}]
"""

type Capture = pytest.CaptureFixture[str]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rules file in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


@pytest.mark.usefixtures("rules")
def test_examples_that_hold(capsys: Capture) -> None:
    """Their number, and exit 0."""
    assert main(["test", "--rules", "rules.yaml"]) == 0
    assert capsys.readouterr().out == "ok: 5 examples\n"
    assert main(["test", "--rules", "rules.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"examples": 5, "drift": []}


DRIFTS = {
    "a lower bound": (
        "lte: 100}",
        "lte: 99}",
        [
            "rules.yaml:8: rule `charges`, example 1: expected tier 2, got tier 4: "
            "rule `charges` names this call"
        ],
    ),
    "a condition that is gone": (
        "amount: {lte: 100}",
        "amount: {exists: true}",
        ["rules.yaml:9: rule `charges`, example 2: expected tier 4, got tier 2: small charge"],
    ),
    "nothing forbidden": (
        "    forbidden: true\n    examples",
        "    tier: 4\n    reason: closed\n    examples",
        ["rules.yaml:16: rule `ledger`, example 1: expected forbidden, got tier 4: closed"],
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_drift(name: str, rules: Path, capsys: Capture) -> None:
    """One line each with place, rule, example, what was expected, what came, and why; exit 1."""
    old, new, lines = DRIFTS[name]
    assert old in RULES
    rules.write_text(RULES.replace(old, new))
    assert main(["test", "--rules", "rules.yaml"]) == 1
    assert capsys.readouterr().out.splitlines() == lines


def test_all_files_count(rules: Path, capsys: Capture) -> None:
    """A rule of another file can make an example drift, and the JSON names where it stands."""
    other = rules.with_name("other.yaml")
    other.write_text("version: 1\nrules: [{id: all, match: {host: pay.test}, tier: 3, reason: ours}]\n")
    assert main(["test", "--rules", "rules.yaml", "other.yaml", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["examples"] == 5
    assert [(d["file"], d["line"], d["example"], d["got"], d["why"]) for d in found["drift"]] == [
        ("rules.yaml", 8, 1, "tier 3", "ours"),
        ("rules.yaml", 10, 3, "tier 3", "ours"),
    ]


HOSTILE = {
    "an ambiguous path": ('method: GET, url: "https://pay.test/%2e%2e/x"', "forbidden: true", 0),
    "a host with two readings": ('method: GET, url: "https://0x7f.1/"', "forbidden: true", 0),
    "user information": ('method: GET, url: "https://pay.test:b@c"', "tier: 1", 2),
    "a body of a read": ('method: GET, url: "https://pay.test/", body: {a: 1}', "tier: 1", 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_examples(name: str, rules: Path, capsys: Capture) -> None:
    """What the gate would refuse counts as forbidden; what is no request is said so; nothing raises."""
    request, expected, code = HOSTILE[name]
    example = f"{{request: {{{request}}}, {expected}}}"
    rules.write_text(
        f"version: 1\nrules:\n  - {{id: a, match: {{host: a.test}}, tier: 3, examples: [{example}]}}\n"
    )
    said = main(["test", "--rules", "rules.yaml"]), capsys.readouterr()
    assert said[0] == code, said


def test_wrong_files(rules: Path, capsys: Capture) -> None:
    """Exit 2 with the problem, before any example runs."""
    rules.write_text(RULES.replace("tier: 4", "tier: 5"))
    assert main(["test", "--rules", "rules.yaml"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 4


def test_the_terminal_is_safe(rules: Path, capsys: Capture) -> None:
    """What stands in a file cannot act on the terminal."""
    rules.write_text(
        RULES.replace("small charge", '"small\\u3164charge"').replace("lte: 100}", "exists: true}")
    )
    assert main(["test", "--rules", "rules.yaml"]) == 1
    assert "small\\u{3164}charge" in capsys.readouterr().out


@pytest.mark.parametrize("page", ["rules.md"])
def test_examples_in_the_docs_hold(page: str, tmp_path: Path, capsys: Capture) -> None:
    """Every whole file on the page passes its own examples, and at least one has some."""
    ran = 0
    for n, text in enumerate(examples(DOCS / page)):
        path = tmp_path / f"{n}.yaml"
        path.write_text(text)
        assert main(["test", "--rules", str(path)]) == 0, capsys.readouterr().out
        ran += int(re.findall(r"\d+", capsys.readouterr().out)[0])
    assert ran > 0
