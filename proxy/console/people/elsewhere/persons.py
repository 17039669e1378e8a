"""Who somebody is whom a provider has named."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from proxy.console.people.directory import Directory, person
from proxy.console.people.entry import NAME, OidcEntry
from rules.reviewer import Reviewer

_MOST_GROUPS = 1000


class Nobody(Exception):
    """the provider knows the person, and nothing here does; the message says what is missing"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Somebody. `known`: whether the directory has the person by name."""

    who: Reviewer
    known: bool


def find(claims: Mapping[str, Any], entry: OidcEntry, people: Directory) -> Found:
    """Whom the claims name. Raises Nobody."""
    address = _address(claims)
    for one in people.entry.people:
        by_subject = one.subject is not None and one.subject == claims["sub"]
        by_address = one.email is not None and address is not None and one.email.casefold() == address
        # Who has a subject is known by that alone: addresses are given to others.
        if by_subject or (by_address and one.subject is None):
            return Found(who=person(one), known=True)
    return Found(who=_by_groups(claims, entry, people, address), known=False)


def _by_groups(
    claims: Mapping[str, Any], entry: OidcEntry, people: Directory, address: str | None
) -> Reviewer:
    groups = _groups(claims.get(entry.groups_claim))
    fitting = [role for role in entry.roles if role.group in groups]
    if not fitting:
        unverified = "email" in claims and address is None
        raise Nobody(
            "the provider has not verified your e-mail address, and nothing else of you is known here"
            if unverified
            else "nobody has given you a role: ask an admin to add you, or a group of yours"
        )
    name = address if address is not None and NAME.fullmatch(address) else str(claims["sub"])
    if not NAME.fullmatch(name) or people.taken(name):
        raise Nobody("your name there cannot be told from another one here: ask an admin to add you")
    spoken = frozenset(group for role in fitting for group in role.groups)
    who = Reviewer(name=name, groups=spoken, grants=(fitting[0].grant,))
    return replace(who, also=frozenset(filter(None, (address,))))


def _groups(value: object) -> frozenset[str]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or len(given) > _MOST_GROUPS:
        return frozenset()
    return frozenset(group for group in given if isinstance(group, str))


def _address(claims: Mapping[str, Any]) -> str | None:
    """The e-mail address, if the provider stands for it."""
    address = claims.get("email")
    return address.casefold() if isinstance(address, str) and claims.get("email_verified") is True else None
