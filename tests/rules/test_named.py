"""The words for what a rule names: nothing of its match is left out."""

import pytest

from rules.named import named
from tests.rules.calls import compiled

MATCHES = {
    "{host: bank.example}": "any method at bank.example, any path",
    "{host: bank.example, method: [POST, PUT], path: ['/a/{id:int}/x', '/b-{n}/**']}": (
        "POST PUT at bank.example, path /a/{id:int}/x or path /b-{n}/**"
    ),
    "{method: GET}": "GET HEAD at any host, any path",
    "{host: ['*.a.example', b.example], path: /}": "any method at *.a.example or b.example, path /",
    "{host: a.example, path: '/**'}": "any method at a.example, any path",
    "{host: a.example, body: {amount: {gt: 100, lte: 2.5e3}, to.iban: {not_in: [x, y]}}}": (
        "any method at a.example, any path, where body amount > 100 and body amount <= 2500 "
        'and body to.iban is none of "x", "y"'
    ),
    "{host: a.example, query: {live: true, n: {exists: false}}, headers: {x-kind: {ne: é}}}": (
        "any method at a.example, any path, where query live is true and query n is not there "
        'and headers x-kind is not "é"'
    ),
    "{host: a.example, operation: [graphql.query.me, 'graphql.mutation.add*'], cel: 'body.a == 1'}": (
        "any method at a.example, any path, where every operation is graphql.query.me or "
        "graphql.mutation.add* and (body.a == 1)"
    ),
    "{server: files, tool: ['delete_*', move]}": "delete_* or move of files",
    "{server: '*', arguments: {path: {in: [a, 1]}}}": (
        'any tool of any server, where arguments path is one of "a", 1'
    ),
    "{tool: pay, arguments: {to: {exists: true}}}": "pay of any server, where arguments to is there",
}


@pytest.mark.parametrize("match", MATCHES)
def test_all_of_a_match(match: str) -> None:
    """Where it goes and what must hold."""
    ruleset = compiled(f"rules: [{{id: r, tier: 3, match: {match}}}]")
    assert named(ruleset.rules[0]) == MATCHES[match]
