"""Who somebody is whom a provider has named."""

import json
from typing import Any

import pytest

from proxy.console.people.directory import Directory
from proxy.console.people.elsewhere.persons import Nobody, find
from proxy.console.people.entry import ConsoleEntry, OidcEntry
from rules.reviewer import Role

ENTRY = ConsoleEntry.model_validate_json(
    json.dumps(
        {
            "people": [
                {"name": "ada", "role": "lead", "subject": "u-1", "email": "ada@example.org"},
                {"name": "bob", "email": "Bob@example.org"},
                {"name": "zoe@example.org", "password": True},
            ],
            "oidc": {
                "issuer": "https://login.example",
                "client_id": "c",
                "redirect_uri": "https://c/login/oidc/callback",
                "roles": [
                    {"group": "leads", "role": "lead", "groups": ["finance"]},
                    {"group": "all", "role": "viewer", "groups": ["ops"]},
                ],
            },
        }
    )
)
MAIL = {"email": "carl@example.org", "email_verified": True}


def found(entry: ConsoleEntry = ENTRY, **claims: Any) -> tuple[str, Role, set[str], bool]:
    """Name, role, groups, and whether the directory knows the person."""
    assert isinstance(entry.oidc, OidcEntry)
    one = find(claims, entry.oidc, Directory({"operator": b"x" * 32}, entry=entry))
    return one.who.name, one.who.role, set(one.who.groups), one.known


GOOD: dict[str, tuple[dict[str, Any], tuple[str, Role, set[str], bool]]] = {
    "by subject": ({"sub": "u-1"}, ("ada", Role.LEAD, set(), True)),
    "by address": (
        {"sub": "u-2", "email": "bob@EXAMPLE.org", "email_verified": True},
        ("bob", Role.REVIEWER, set(), True),
    ),
    "by group": (
        {"sub": "u-3", "groups": ["all"], **MAIL},
        ("carl@example.org", Role.VIEWER, {"ops"}, False),
    ),
    "the first that fits": (
        {"sub": "u-3", "groups": ["all", "leads"], **MAIL},
        ("carl@example.org", Role.LEAD, {"finance", "ops"}, False),
    ),
    "one group as a text": ({"sub": "u-3", "groups": "leads"}, ("u-3", Role.LEAD, {"finance"}, False)),
    "an address that nobody stands for": (
        {"sub": "u-3", "groups": ["all"], "email": "bob@example.org"},
        ("u-3", Role.VIEWER, {"ops"}, False),
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_somebody(case: str) -> None:
    """By what the provider stands for alone."""
    claims, expected = GOOD[case]
    assert found(**claims) == expected


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nobody": ({"sub": "u-9"}, "nobody has given you a role"),
    "another group": ({"sub": "u-9", "groups": ["Leads", "leads "]}, "nobody has given you a role"),
    "an address that is not verified": (
        {"sub": "u-9", "email": "bob@example.org", "email_verified": False},
        "has not verified your e-mail address",
    ),
    "verified as a text": (
        {"sub": "u-9", "email": "bob@example.org", "email_verified": "true"},
        "has not verified",
    ),
    "verified as a number": (
        {"sub": "u-9", "email": "bob@example.org", "email_verified": 1},
        "has not verified",
    ),
    "the address of somebody with a subject": (
        {"sub": "u-9", "email": "ada@example.org", "email_verified": True},
        "nobody has given you a role",
    ),
    "the name of one of ours": (
        {"sub": "u-9", "groups": ["all"], "email": "Zoe@example.org", "email_verified": True},
        "cannot be told from another one",
    ),
    "the operator's name": ({"sub": "Operator", "groups": ["leads"]}, "cannot be told from another one"),
    "a name that hides": ({"sub": "u\u202e9", "groups": ["leads"]}, "cannot be told from another one"),
    "groups as an object": ({"sub": "u-9", "groups": {"leads": True}}, "nobody has given you a role"),
    "groups in groups": ({"sub": "u-9", "groups": [["leads"]]}, "nobody has given you a role"),
    "very many groups": ({"sub": "u-9", "groups": ["leads"] * 1001}, "nobody has given you a role"),
}


@pytest.mark.parametrize("case", BAD)
def test_nobody(case: str) -> None:
    """What the provider does not stand for, or what could be somebody else, is nobody."""
    claims, words = BAD[case]
    with pytest.raises(Nobody, match=words):
        found(**claims)
