"""One thing that a call asks a server to do, whatever method and path carry it."""

from dataclasses import dataclass

FAMILIES = ("aws", "graphql")
"""The first parts of the names: the kinds of payload that `rules.decode` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`name`: dotted text, its family first, in the letter case of the server: `graphql.query.me`."""

    name: str
