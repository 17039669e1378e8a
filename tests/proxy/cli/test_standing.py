"""Tests of the flags that say what somebody may do."""

import argparse
from decimal import Decimal

import pytest

from proxy.cli.remote import Negative
from proxy.cli.standing import add_standing, amount, standing
from rules.reviewer import Grant, Role, Scope
from rules.verdict import Tier


def said(*arguments: str) -> Grant:
    """What the flags say."""
    parser = argparse.ArgumentParser()
    add_standing(parser)
    return standing(parser.parse_args(arguments)).grant


def test_nothing_said_is_a_reviewer_of_everything() -> None:
    """As a token file makes one."""
    assert said() == Grant(role=Role.REVIEWER)


def test_each_flag() -> None:
    """Repeated ones add up."""
    found = said("--role", "lead", "--host", "a", "--host", "*.b", "--tier", "3", "--amount", "EUR=1.5")
    scope = Scope(hosts=("a", "*.b"), tiers=frozenset({Tier.EXTERNAL}), amounts={"EUR": Decimal("1.5")})
    assert found == Grant(role=Role.LEAD, scope=scope)


def test_what_cannot_be() -> None:
    """It says where."""
    with pytest.raises(Negative, match=r"this cannot be: role: "):
        said("--role", "king")
    assert amount("EUR=10") == ("EUR", Decimal(10))
