"""`sidegate test`: examples hold, and a changed tier shows."""

import json
import re
from pathlib import Path

import pytest

from proxy.cli import main
from rules.language.document import Document, read_document
from rules.language.rule_file import Rule, RulesFile
from rules.verdict import Tier
from tests.test_docs import DOCS, examples
from tools.packs.table import PACKS

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


BY_HAND = [path for path in sorted(PACKS.glob("*.yaml")) if not path.read_text().startswith("# Made by")]


@pytest.mark.parametrize("pack", BY_HAND, ids=[path.stem for path in BY_HAND])
def test_a_changed_tier_of_a_pack_shows(pack: Path, tmp_path: Path, capsys: Capture) -> None:
    """Whichever rule that a person wrote is given another tier, an example says so."""
    text = pack.read_text()
    document = read_document(RulesFile, text, file=pack.name)
    assert isinstance(document, Document)
    for rule in document.content.rules:
        path, other = tmp_path / f"{rule.id}.yaml", _another_tier(rule)
        if other is None:
            continue
        path.write_text(_with_tier(text, rule, other))
        assert main(["test", "--no-packs", "--rules", str(path)]) == 1, rule.id
        assert f"rule `{rule.id}`" in capsys.readouterr().out


def _another_tier(rule: Rule) -> Tier | None:
    """A tier that the rule could have as well, if its alternatives leave one."""
    lowered = max((lower.tier for lower in rule.lower), default=0)
    return next((tier for tier in Tier if lowered < tier != rule.tier), None)


def _with_tier(text: str, rule: Rule, other: Tier) -> str:
    """The pack with the rule's own tier changed: at its own place, not in an alternative."""
    assert rule.tier is not None
    before, mark, after = text.partition(f"- id: {rule.id}\n")
    assert mark
    return before + mark + after.replace(f"\n    tier: {rule.tier:d}\n", f"\n    tier: {other:d}\n", 1)


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
