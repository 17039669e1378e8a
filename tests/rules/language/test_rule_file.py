"""The rules file: every wrong value has its line and cure, every right one is taken."""

from decimal import Decimal

import pytest

from rules.language.document import read
from rules.language.rule_file import Defaults, HostSettings, Match, Rule, RulesFile, When
from rules.verdict import Tier

RIGHT = """
version: 1
defaults: {read: 1, write: 3, delete: 4, tool: 3, unknown_host: 3}
rules:
  - id: charges.v1
    match:
      host: [pay.test, "*.pay.test"]
      method: POST
      path: /v1/charges/{id}
      query: {confirm: "true", limit: {lte: 10.5}}
      headers: {x-mode: {exists: true}}
      body: {amount: {gt: 100}, items.0.kind: {in: [a, b]}, to: {exists: true}}
    tier: 4
    reason: moves money
    lower:
      - when: {body: {amount: {gt: 0, lte: 100.0}, currency: usd}}
        tier: 2
        reason: small charge
  - id: files
    match: {server: files, tool: [delete_*, drop], arguments: {path: /tmp}}
    forbidden: true
"""


def test_a_right_file() -> None:
    """Every key of the language, with one value or several, short or long."""
    written = read(RulesFile, RIGHT, file="rules.yaml")
    assert isinstance(written, RulesFile), written
    charges, files = written.rules
    assert written.defaults.unknown_host is Tier.EXTERNAL
    assert charges.match.host == ("pay.test", "*.pay.test")
    assert charges.match.method == ("POST",)
    assert charges.match.query is not None
    assert charges.match.query["confirm"].given() == {"eq": "true"}
    assert charges.match.query["limit"].given() == {"lte": Decimal("10.5")}
    assert charges.lower[0].when.body is not None
    assert repr(charges.lower[0].when.body["amount"].given()) == "{'gt': 0, 'lte': 100}"
    assert files.match.tool == ("delete_*", "drop")
    assert (files.tier, files.forbidden) == (None, True)


def refused(rule: str) -> list[str]:
    """What is wrong with one rule, as `KEY: MESSAGE` below `rules[0]`."""
    found = read(RulesFile, f"version: 1\nrules:\n  - {rule}\n", file="f")
    assert isinstance(found, tuple), "it was taken"
    assert all(problem.line == 3 for problem in found)
    return [f"{problem.key.removeprefix('rules[0].')}: {problem.message}" for problem in found]


def matching(match: str) -> str:
    """A rule that is right but for its match."""
    return f"{{id: a, tier: 3, match: {{{match}}}}}"


MATCHES: dict[str, tuple[str, list[str]]] = {
    "nothing": ("", ['match: it names no call; write at least one key, such as `host: "*"`']),
    "both kinds": (
        "host: a.test, tool: x",
        ["match: `host` is of http requests and `tool` of mcp tool calls; write two rules"],
    ),
    "both kinds of conditions": (
        "body: {a: 1}, arguments: {a: 1}",
        ["match: `body` is of http requests and `arguments` of mcp tool calls; write two rules"],
    ),
    "a scheme": (
        "host: 'https://pay.test'",
        ["match.host: `https://pay.test` is more than a host; write it without scheme and path"],
    ),
    "a port": (
        "host: 'pay.test:8443'",
        ["match.host: `pay.test:8443` has a port; leave it out, a rule counts for every port"],
    ),
    "capitals": ("host: Pay.Test", ["match.host: `Pay.Test` has one spelling; write `pay.test`"]),
    "capitals below": (
        "host: '*.Pay.Test'",
        ["match.host: `*.Pay.Test` has one spelling; write `*.pay.test`"],
    ),
    "brackets": ("host: '[::1]'", ["match.host: `[::1]` has one spelling; write `::1`"]),
    "a long address": ("host: '0:0::1'", ["match.host: `0:0::1` has one spelling; write `::1`"]),
    "a star inside": (
        "host: 'pay.*.test'",
        [
            "match.host: `pay.*.test` has a `*` inside; write `*` alone, first, as in `*.pay.test`, "
            "or once for a whole part before the last two, as in `api.*.pay.test`"
        ],
    ),
    "a star in a label": (
        "host: 'pay*'",
        [
            "match.host: `pay*` has a `*` inside; write `*` alone, first, as in `*.pay.test`, "
            "or once for a whole part before the last two, as in `api.*.pay.test`"
        ],
    ),
    "an odd address": (
        "host: '0x7f.1'",
        [
            "match.host: `0x7f.1` can be read in more than one way; write an ascii name without a "
            "last dot, or an address in its usual form"
        ],
    ),
    "a last dot": (
        "host: [ok.test, pay.test.]",
        [
            "match.host[1]: `pay.test.` can be read in more than one way; write an ascii name without a "
            "last dot, or an address in its usual form"
        ],
    ),
    "a number for a host": ("host: [7]", ["match.host[0]: must be text, not `7`"]),
    "no hosts": ("host: []", ["match.host: there is nothing in it; fill it or leave the key out"]),
    "a mapping of hosts": ("host: {a: b}", ["match.host: must be a list, not a mapping"]),
    "a small method": (
        "method: posst",
        ["match.method: `posst` is no method the gate knows; did you mean `POST`?"],
    ),
    "an unknown method": (
        "method: [GET, BREW]",
        [
            "match.method[1]: `BREW` is no method the gate knows; write one of "
            "`DELETE`, `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST`, `PUT`"
        ],
    ),
    "a path without slash": (
        "path: v1",
        ["match.path: `v1` does not start with `/`; write the path without scheme and host"],
    ),
    "a star in a path": (
        "path: /v1/*/x",
        ["match.path: `/v1/*/x` has a `*` that is not a last `/**`; write `{name}` for one segment"],
    ),
    "a server's pattern": (
        "server: 'a*'",
        ["match.server: `a*` is not a server's name; write it whole, or `*` for every server"],
    ),
    "a tool's pattern": (
        "tool: '*a*'",
        ["match.tool: `*a*` is not a printable name with at most one `*`; list several names"],
    ),
    "an empty step": (
        "body: {a..b: 1}",
        [
            "match.body.a..b: `a..b` is not a dotted path; write names, list positions or `*`, "
            "as in `items.*.kind`"
        ],
    ),
    "a star in a step": (
        "body: {a.b*: 1}",
        [
            "match.body.a.b*: `a.b*` is not a dotted path; write names, list positions or `*`, "
            "as in `items.*.kind`"
        ],
    ),
    "an endless position": (
        f"body: {{a.{'9' * 20}: 1}}",
        [
            f"match.body.a.{'9' * 20}: `a.{'9' * 20}` is not a dotted path; write names, list positions "
            "or `*`, as in `items.*.kind`"
        ],
    ),
    "no conditions": ("body: {}", ["match.body: there is nothing in it; fill it or leave the key out"]),
    "a header in capitals": (
        "headers: {X-Mode: a}",
        ["match.headers.X-Mode: `X-Mode` is not a header's name in lower case; write it as in `x-mode`"],
    ),
    "a credential": (
        "headers: {authorization: a}",
        [
            "match.headers.authorization: `authorization` is not part of the action that is approved "
            "(a credential, a trace id or for one hop); match on something else"
        ],
    ),
    "an unknown key": ("hosts: a.test", ["match.hosts: there is no such key here; did you mean `host`?"]),
}


@pytest.mark.parametrize("name", MATCHES)
def test_wrong_matches(name: str) -> None:
    """Every wrong match gives these lines and no others."""
    match, lines = MATCHES[name]
    assert refused(matching(match)) == lines


RULES: dict[str, tuple[str, list[str]]] = {
    "no tier": (
        "{id: a, match: {host: a.test}}",
        ["tier: the key is missing; write `tier: 1` (only reads) to `tier: 4`"],
    ),
    "tier 5": (
        "{id: a, match: {host: a.test}, tier: 5}",
        ["tier: a tier is a number from 1 (only reads) to 4 (cannot be undone)"],
    ),
    "tier true": (
        "{id: a, match: {host: a.test}, tier: true}",
        ["tier: a tier is a number from 1 (only reads) to 4 (cannot be undone)"],
    ),
    "tier as text": (
        "{id: a, match: {host: a.test}, tier: '3'}",
        ["tier: a tier is a number from 1 (only reads) to 4 (cannot be undone)"],
    ),
    "a fraction of a tier": (
        "{id: a, match: {host: a.test}, tier: 3.0}",
        ["tier: a tier is a number from 1 (only reads) to 4 (cannot be undone)"],
    ),
    "a budget of nothing": (
        "{id: a, match: {host: a.test}, tier: 2, budget: {limit: 0, window: 1d}}",
        ["budget.limit: a limit is a number over 0 and up to 1000000000"],
    ),
    "a budget as text": (
        "{id: a, match: {host: a.test}, tier: 2, budget: {limit: '5', window: 1d}}",
        ["budget.limit: a limit is a number over 0 and up to 1000000000"],
    ),
    "a budget without end": (
        "{id: a, match: {host: a.test}, tier: 2, budget: {limit: 1, window: 91d}}",
        ["budget.window: `91d` is no window; write up to 90 days, as `90s`, `30m`, `24h` or `7d`"],
    ),
    "a window of a number": (
        "{id: a, match: {host: a.test}, tier: 2, budget: {limit: 1, window: 60}}",
        ["budget.window: `60` is no window; write up to 90 days, as `90s`, `30m`, `24h` or `7d`"],
    ),
    "a budget where nothing passes": (
        "{id: a, match: {host: a.test}, tier: 3, budget: {limit: 1, window: 1d}}",
        ["budget: the rule lets nothing pass, so there is nothing to spend; leave the key out"],
    ),
    "a budget of what is forbidden": (
        "{id: a, match: {host: a.test}, forbidden: true, budget: {limit: 1, window: 1d}}",
        ["budget: the rule lets nothing pass, so there is nothing to spend; leave the key out"],
    ),
    "no id, no match": (
        "{tier: 3}",
        ["id: the key is missing; add it", "match: the key is missing; add it"],
    ),
    "an id in capitals": (
        "{id: A b, match: {host: a.test}, tier: 3}",
        [
            "id: `A b` is not an id; write lower-case letters, digits, `.`, `_`, `-`, "
            "starting with a letter or digit"
        ],
    ),
    "an id that is a number": (
        "{id: 7, match: {host: a.test}, tier: 3}",
        ["id: must be text, not `7`"],
    ),
    "a reason of two lines": (
        '{id: a, match: {host: a.test}, tier: 3, reason: "a\\nb"}',
        ["reason: write one line of 1 to 300 printable characters"],
    ),
    "a reason that hides its direction": (
        '{id: a, match: {host: a.test}, tier: 3, reason: "a\\u202eb"}',
        ["reason: write one line of 1 to 300 printable characters"],
    ),
    "forbidden at a tier": (
        "{id: a, match: {host: a.test}, tier: 3, forbidden: true}",
        ["tier: a forbidden call is always tier 4; leave the key out"],
    ),
    "forbidden but lowered": (
        "{id: a, match: {host: a.test}, forbidden: true, lower: [{when: {body: {a: 1}}, tier: 3}]}",
        ["lower: nothing lowers a forbidden call; leave `lower` or `forbidden` out"],
    ),
    "not lower": (
        "{id: a, match: {host: a.test}, tier: 3, lower: [{when: {body: {a: 1}}, tier: 3}]}",
        ["lower[0].tier: must be lower than the rule's tier 3"],
    ),
    "lower for no reason": (
        "{id: a, match: {host: a.test}, tier: 3, lower: [{when: {}, tier: 2}]}",
        ["lower[0].when: it names no condition; lower the rule's tier instead"],
    ),
    "lower by arguments of an http rule": (
        "{id: a, match: {host: a.test}, tier: 3, lower: [{when: {arguments: {a: 1}}, tier: 2}]}",
        ["lower[0].when.arguments: the rule names calls that have no such part"],
    ),
    "lower by a body of a tool rule": (
        "{id: a, match: {tool: t}, tier: 3, lower: [{when: {body: {a: 1}, query: {b: 1}}, tier: 2}]}",
        [
            "lower[0].when.body: the rule names calls that have no such part",
            "lower[0].when.query: the rule names calls that have no such part",
        ],
    ),
    "the same alternative twice": (
        "{id: a, match: {host: a.test}, tier: 3, lower: "
        "[{when: {body: {a: 1, b: 2}}, tier: 2}, {when: {body: {b: {eq: 2}, a: 1.0}}, tier: 1}]}",
        ["lower[1].when: it is never reached: an earlier one holds whenever it does"],
    ),
    "a narrower alternative later": (
        "{id: a, match: {host: a.test}, tier: 3, lower: "
        "[{when: {body: {a: 1}}, tier: 2}, {when: {body: {a: 1}, query: {b: 2}}, tier: 1}]}",
        ["lower[1].when: it is never reached: an earlier one holds whenever it does"],
    ),
    "everything at once": (
        "{id: A, match: {hots: a}, tier: 9, forbidden: no, lower: {}, reason: ''}",
        [
            "id: `A` is not an id; write lower-case letters, digits, `.`, `_`, `-`, "
            "starting with a letter or digit",
            "match.hots: there is no such key here; did you mean `host`?",
            "tier: a tier is a number from 1 (only reads) to 4 (cannot be undone)",
            "forbidden: must be true or false, not `no`",
            "lower: must be a list, not a mapping",
            "reason: write one line of 1 to 300 printable characters",
        ],
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_wrong_rules(name: str) -> None:
    """Every wrong rule gives these lines and no others."""
    rule, lines = RULES[name]
    assert refused(rule) == lines


@pytest.mark.parametrize(
    "match",
    [
        'host: "*"',
        "host: 10.0.0.7",
        'host: "::1"',
        "host: xn--bcher-kva.test",
        'host: "*.test"',
        "method: [GET, HEAD]",
        "path: [/, '/v1/{id}', /v1/**, '/{id}:undelete']",
        "query: {a.b: 1, a: {gte: 5, lte: 5}}",
        "headers: {x-amz-target: {in: [a, b]}}",
        "body: {'*': 1, a.0: true, a-b: x, 'with space': -0.5}",
        'server: "*"',
        "tool: '*'",
        "arguments: {a: {ne: b, exists: true}}",
        "operation: graphql.query.me",
        "operation: [graphql.mutation.delete*, 'graphql.*']",
    ],
)
def test_right_matches(match: str) -> None:
    """What the language allows, it takes."""
    found = read(RulesFile, f"version: 1\nrules:\n  - {matching(match)}\n", file="f")
    assert isinstance(found, RulesFile), found


@pytest.mark.parametrize("version", ["2", "true", "1.0", "'1'", ""])
def test_other_versions(version: str) -> None:
    """A file of another version is not guessed at."""
    found = read(RulesFile, f"version: {version}\n", file="f")
    assert isinstance(found, tuple)
    assert found[0].message == "the gate reads version 1 of this file; write `version: 1`"


def test_one_wrong_rule_does_not_hide_another() -> None:
    """All problems of all rules come at once, in file order."""
    text = "version: 1\nrules:\n  - {id: a, tier: 9, match: {host: A}}\n  - {id: b, match: {host: b}}\n"
    found = read(RulesFile, text, file="f")
    assert isinstance(found, tuple)
    assert [(p.line, p.key) for p in found] == [
        (3, "rules[0].tier"),
        (3, "rules[0].match.host"),
        (4, "rules[1].tier"),
    ]


@pytest.mark.parametrize("model", [RulesFile, Rule, Match, When, Defaults, HostSettings])
def test_every_key_is_documented(model: type) -> None:
    """Each key of the language has its sentence in the source."""
    import inspect

    lines = [line.strip() for line in inspect.getsource(model).splitlines()]
    for name in model.__annotations__:
        at = next(n for n, line in enumerate(lines) if line.startswith(f"{name}:"))
        assert lines[at + 1].startswith('"""'), name
