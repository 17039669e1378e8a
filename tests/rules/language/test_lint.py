"""Warnings: rules that are right by themselves and surely not meant so."""

import pytest

from rules.language.document import Document, read_document
from rules.language.lint import lint
from rules.language.rule_file import RulesFile


def warnings(*texts: str) -> list[str]:
    """What is said of the rules of several files, each written as a list on one line."""
    files = []
    for n, text in enumerate(texts):
        file = read_document(RulesFile, f"version: 1\nrules: {text}\n", file=f"{n}.yaml")
        assert isinstance(file, Document), file
        files.append(file)
    return [f"{problem.file}: {problem.message}" for problem in lint(files)]


def pair(wide: str, narrow: str) -> str:
    """Two rules."""
    return f"[{{id: wide, {wide}}}, {{id: narrow, {narrow}}}]"


NARROW = "match: {host: a.pay.test, method: POST, path: /v1/x, body: {a: 1}}, tier: 3"

SHADOWED = {
    "the same host": "match: {host: a.pay.test}, tier: 3",
    "a host above": "match: {host: '*.pay.test'}, tier: 4",
    "every host": "match: {host: '*'}, tier: 4",
    "a path above": "match: {host: a.pay.test, path: /v1/**}, tier: 4",
    "a list of methods": "match: {method: [POST, PUT]}, tier: 4",
    "the same condition": "match: {body: {a: {eq: 1}}}, tier: 3",
}


@pytest.mark.parametrize("name", SHADOWED)
def test_shadowed(name: str) -> None:
    """Whatever the order, the narrower one is named."""
    (said,) = warnings(pair(SHADOWED[name], NARROW))
    assert said.startswith("0.yaml: `narrow` is shadowed: `wide` gives all its calls tier ")
    assert len(warnings(f"[{{id: narrow, {NARROW}}}, {{id: wide, {SHADOWED[name]}}}]")) == 1


FREE = {
    "a lower tier": "match: {host: a.pay.test}, tier: 2",
    "another host": "match: {host: b.pay.test}, tier: 4",
    "a host below": "match: {host: '*.a.pay.test'}, tier: 4",
    "another method": "match: {host: a.pay.test, method: PUT}, tier: 4",
    "another path": "match: {host: a.pay.test, path: /v1/y/**}, tier: 4",
    "a path with a name": "match: {host: a.pay.test, path: '/{id:int}/**'}, tier: 4",
    "a further condition": "match: {host: a.pay.test, query: {b: 1}}, tier: 4",
    "an expression": "match: {host: a.pay.test, cel: body.a == 1}, tier: 4",
    "an alternative": "match: {host: a.pay.test}, tier: 4, lower: [{when: {body: {b: 1}}, tier: 1}]",
    "one that observes": "match: {host: a.pay.test}, tier: 4, mode: observe",
    "tools": "match: {server: '*'}, tier: 4",
}


@pytest.mark.parametrize("name", FREE)
def test_not_shadowed(name: str) -> None:
    """What may decide is not warned of."""
    assert warnings(pair(FREE[name], NARROW)) == []


def test_unreachable() -> None:
    """Behind a rule that forbids; one that forbids is never shadowed by one that does not."""
    forbidding = "match: {host: '*.test'}, forbidden: true"
    assert warnings(pair(forbidding, NARROW)) == [
        "0.yaml: `narrow` is unreachable: `wide` forbids all its calls; delete one of them"
    ]
    forbidden = NARROW.replace("tier: 3", "forbidden: true")
    assert warnings(pair("match: {host: '*.test'}, tier: 4", forbidden)) == []


def test_contradictory() -> None:
    """In two files: the later one is named, with its own place."""
    one, other = "[{id: a, match: {tool: [x, y]}, tier: 3}]", "[{id: b, match: {tool: [x, y]}, tier: 4}]"
    assert warnings(one, other) == [
        "1.yaml: `b` contradicts `a`, which names the same calls with another tier; keep one of them"
    ]
    assert warnings(one, one.replace("id: a", "id: c")) == [
        "1.yaml: `c` is shadowed: `a` gives all its calls tier 3; delete or narrow one of them"
    ]


@pytest.mark.parametrize(
    ("match", "broad"),
    [
        ("{host: '*'}", True),
        ("{method: [GET, POST]}", True),
        ("{tool: '*'}", True),
        ("{path: /**}", True),
        ("{tool: get_*}", False),
        ("{server: '*'}", True),
        ("{path: /health}", False),
        ("{host: '*.test'}", False),
        ("{cel: body.a == 1}", False),
    ],
)
def test_too_broad(match: str, broad: bool) -> None:
    """A tier that passes, for calls to everyone."""
    assert bool(warnings(f"[{{id: a, match: {match}, tier: 2}}]")) is broad
    assert warnings(f"[{{id: a, match: {match}, tier: 3}}]") == []


def test_many_rules() -> None:
    """Rules of different hosts are not compared with each other."""
    rules = ", ".join(f"{{id: r{n}, match: {{host: h{n}.test}}, tier: 3}}" for n in range(2_000))
    assert warnings(f"[{rules}]") == []


NAMED = 'match: {host: a.test, path: ["/v1/{account}/x", "/v2/{account}/{item}"]}, tier: 3'

NAMES = {
    "a slip in a summary": (
        "summary: 'pays from {acount}'",
        "`a` names `{acount}` in `summary`, which is no part of its path; did you mean `{account}`?",
    ),
    "a slip in a probe": (
        "snapshot: {path: '/v1/{acount}'}",
        "`a` names `{acount}` in `snapshot`, which is no part of its path; did you mean `{account}`?",
    ),
    "a part of one path only": (
        "verify: {path: '/v2/{item}', executed: {status: 200}}",
        "`a` has no `{item}` for `verify` in its path `/v1/{account}/x`; name the part there, or "
        "write two rules",
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_surely_not_meant(name: str) -> None:
    """With what they are close to, or where they are missing."""
    keys, message = NAMES[name]
    assert warnings(f"[{{id: a, {NAMED}, {keys}}}]") == [f"0.yaml: {message}"]


@pytest.mark.parametrize(
    "keys",
    [
        "summary: '{account} pays {amount} to {to.name}'",
        "snapshot: {path: '/v1/{account}?currency={currency}'}",
    ],
)
def test_names_of_parts_and_members(keys: str) -> None:
    """Nothing is said of them."""
    assert warnings(f"[{{id: a, {NAMED}, {keys}}}]") == []
