"""The packs: each is right, they say what their examples say, and what is loaded is what is written."""

import time
from pathlib import Path

import pytest

from proxy.cli import main
from proxy.packs import load_packs
from rules.classify import classify
from rules.compile import compile_rules
from rules.language.document import Document, read_document
from rules.language.rule_file import RulesFile
from rules.ruleset import Ruleset
from rules.verdict import Tier
from tests.rules.calls import http
from tools.packs.build import COMPILED, compiled
from tools.packs.table import PACKS

FILES = sorted(PACKS.glob("*.yaml"))
MOST_SECONDS = 1.0

type Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_each_rule_says_what_fixed_its_tier(path: Path) -> None:
    """Evidence and a reason stand beside every tier, and no pack forbids or has a budget."""
    document = read_document(RulesFile, path.read_text("utf-8"), file=path.name)
    assert isinstance(document, Document), document
    for rule in document.content.rules:
        assert rule.evidence, rule.id
        assert rule.reason, rule.id
        assert not rule.forbidden, rule.id
        assert rule.budget is None, rule.id


def test_written_by_people_means_examples() -> None:
    """Only rules that a generator wrote may have none: where each one would be of a graver rule too."""
    for path in FILES:
        document = read_document(RulesFile, path.read_text("utf-8"), file=path.name)
        assert isinstance(document, Document)
        made = path.read_text("utf-8").startswith("# Made by")
        assert made or all(rule.examples for rule in document.content.rules), path.name


def test_examples_hold(capsys: Capture) -> None:
    """The packs together give every example its tier."""
    assert main(["test", "--no-packs", "--rules", *map(str, FILES)]) == 0
    assert capsys.readouterr().out.startswith("ok: ")


def test_what_is_loaded_is_what_is_written() -> None:
    """`compiled.json` is made of the files beside it: run `python -m tools.packs.build`."""
    assert COMPILED.read_text("utf-8") == compiled()


def test_loading_is_quick() -> None:
    """A second of this process's own time is the limit; it takes about a third of one."""
    load_packs.cache_clear()
    before = time.process_time()
    assert len(load_packs().rules) > 100
    assert time.process_time() - before < MOST_SECONDS


CALLS = {
    "a list of tables": (
        "POST dynamodb.eu-west-1.amazonaws.com/",
        "DynamoDB_20120810.ListTables",
        Tier.READ_ONLY,
    ),
    "a table's end": (
        "POST dynamodb.eu-west-1.amazonaws.com/",
        "DynamoDB_20120810.DeleteTable",
        Tier.HIGH_RISK,
    ),
    "an object put": ("PUT bucket.s3.eu-west-1.amazonaws.com/a", None, Tier.EXTERNAL),
    "an agent's own host": ("POST list.evil.test/model/m/converse", None, Tier.EXTERNAL),
    "another region's model": (
        "POST bedrock-runtime.eu-west-3.amazonaws.com/model/m/converse",
        None,
        Tier.READ_ONLY,
    ),
    "two parts for one": ("POST bedrock-runtime.a.b.amazonaws.com/model/m/converse", None, Tier.EXTERNAL),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    """Hosts and operations near those of a rule are not those of the rule."""
    line, target, tier = CALLS[name]
    headers = {"x-amz-target": target} if target else {}
    assert classify(http(line, {"a": 1}, headers=headers), _with_packs()).tier is tier


HOSTILE = {
    "another operation in the form": (
        "POST iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        "Action=DeleteUser&UserName=a",
        {},
    ),
    "another operation in the header": (
        "POST iam.amazonaws.com/?Action=ListUsers",
        None,
        {"x-amz-target": "DynamoDB_20120810.DeleteTable"},
    ),
    "a form that is not read as one": ("POST iam.amazonaws.com/?Action=ListUsers", b"Action=DeleteUser", {}),
    "a second action": ("POST iam.amazonaws.com/?Action=ListUsers&Action=DeleteUser", None, {}),
    "an override": (
        "POST dynamodb.us-east-1.amazonaws.com/",
        {},
        {"x-amz-target": "DynamoDB_20120810.ListTables", "x-http-method-override": "DELETE"},
    ),
    "a secret to a model": (
        "POST api.openai.com/v1/chat/completions",
        {"messages": ["AKIA" + "IOSFODNN7EXAMPLQ"]},
        {},
    ),
    "a mutation beside a query": (
        "POST api.github.com/graphql",
        {
            "query": "query a { viewer { id } } mutation b { deleteRef(input: {}) { a } }",
            "operationName": "a",
        },
        {},
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pack_lowers_only_what_it_surely_names(name: str) -> None:
    """Nothing that stands beside what a pack knows rides along with it."""
    line, body, headers = HOSTILE[name]
    assert classify(http(line, body, headers=headers), _with_packs()).tier >= Tier.EXTERNAL


def test_packs_are_part_of_the_hash() -> None:
    """A hold names the rules by hash, those of the packs too."""
    without = compile_rules([])
    assert isinstance(without, Ruleset)
    assert without.hash != _with_packs().hash


def test_the_flag(capsys: Capture) -> None:
    """`check` says how many rules packs bring, and none with `--no-packs`."""
    assert main(["check"]) == 0
    assert "rules of packs" in capsys.readouterr().out
    assert main(["check", "--no-packs"]) == 0
    assert "packs" not in capsys.readouterr().out


def _with_packs() -> Ruleset:
    ruleset = compile_rules([], load_packs())
    assert isinstance(ruleset, Ruleset)
    return ruleset
