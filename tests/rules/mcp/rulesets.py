"""Compiled rules for tests."""

from rules.compile import compile_rules
from rules.ruleset import Ruleset


def ruleset(text: str = "") -> Ruleset:
    """The rules in `text`, without packs."""
    compiled = compile_rules([("rules.yaml", text)] if text else [])
    assert isinstance(compiled, Ruleset)
    return compiled
