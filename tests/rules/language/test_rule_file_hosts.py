"""The settings of single hosts in a rules file."""

import pytest

from rules.language.document import read
from rules.language.rule_file import RulesFile


@pytest.mark.parametrize(
    ("hosts", "line"),
    [
        (
            '{"*": {paths: normalize}}',
            "hosts.*: `*` names no host; write each host, or `*.` and a name for all below it",
        ),
        ("{A.test: {paths: strict}}", "hosts.A.test: `A.test` has one spelling; write `a.test`"),
        (
            "{a.test: {paths: lenient}}",
            "hosts.a.test.paths: must be one of 'strict' or 'normalize', not `lenient`",
        ),
        ("{a.test: {path: strict}}", "hosts.a.test.paths: the key is missing; add it"),
        ("{a.test: normalize}", "hosts.a.test: must be a mapping of keys to values, not `normalize`"),
    ],
)
def test_wrong_hosts(hosts: str, line: str) -> None:
    """A host is named as in a rule, and has known settings."""
    found = read(RulesFile, f"version: 1\nhosts: {hosts}\n", file="f")
    assert isinstance(found, tuple)
    assert line in [f"{problem.key}: {problem.message}" for problem in found]
