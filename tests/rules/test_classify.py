"""The tier of a call: tables of named cases."""

import pytest

from rules.call import HttpCall, ToolCall
from rules.classify import classify
from tests.rules.calls import (
    compiled,
    from_rules,
    http,
    judged,
    tool,
)
from tests.rules.messages import assert_well_worded

PAY = compiled(
    """
defaults: {unknown_host: 3}
rules:
  - id: charges
    match: {host: [pay.test, "*.pay.test"], method: POST, path: /v1/charges}
    tier: 4
    reason: moves money
    lower:
      - when: {body: {amount: {gt: 0, lte: 100}, currency: usd}}
        tier: 2
        reason: small charge
      - when: {body: {amount: {gt: 0, lte: 1000}}}
        tier: 3
  - id: admin
    match: {host: pay.test, method: GET, path: "/v1/admin/**"}
    tier: 4
  - id: confirm
    match: {host: pay.test, query: {confirm: "true"}}
    tier: 4
  - id: search
    match: {host: pay.test, method: POST, path: /v1/lookups, query: {limit: {lte: 10}}}
    tier: 1
  - id: bulk
    match: {host: pay.test, method: POST, path: /v1/bulk, body: {items.*.kind: delete}}
    tier: 4
  - id: status
    match: {host: pay.test, path: /status}
    tier: 1
  - id: modes
    match: {host: modes.test, method: POST, path: /v1}
    tier: 4
    lower:
      - when: {body: {currency: eur}}
        tier: 3
      - when: {headers: {x-mode: test}}
        tier: 2
      - when: {headers: {x-mode: dear}}
        tier: 3
  - id: asks
    match: {host: gql.test, path: /graphql}
    tier: 4
    lower:
      - when: {operation: ["graphql.query.*", graphql.mutation.like]}
        tier: 1
  - id: wipes
    match: {host: [gql.test, any.test], operation: graphql.mutation.wipe*}
    forbidden: true
  - id: never
    match: {host: pay.test, method: DELETE, path: "/v1/ledger/{id}"}
    forbidden: true
    reason: the ledger is append-only
  - id: files
    match: {server: files, tool: delete_*}
    tier: 4
  - id: read-files
    match: {server: files, tool: [read_file, draw]}
    tier: 1
  - id: shell
    match: {tool: run, arguments: {command: {exists: true}}}
    forbidden: true
"""
)
SMALL = {"amount": 99, "currency": "usd"}

NAMED: dict[str, tuple[HttpCall | ToolCall, tuple[int, str, str, str | None]]] = {
    "a read of a named host passes": (http("GET pay.test/v1/x"), (1, "pass", "default_read", None)),
    "options and head are reads": (http("HEAD pay.test/v1/x"), (1, "pass", "default_read", None)),
    "a write that no rule names is held": (
        http("POST pay.test/v1/x"),
        (3, "hold", "default_write", None),
    ),
    "a delete that no rule names is tier 4": (
        http("DELETE pay.test/v1/x"),
        (4, "hold", "default_delete", None),
    ),
    "a read of an unknown host is held where the operator says so": (
        http("GET other.test/"),
        (3, "hold", "default_unknown_host", None),
    ),
    "a small charge passes": (
        http("POST pay.test/v1/charges", SMALL),
        (2, "pass", "rule_lowered", "charges"),
    ),
    "a small charge on a name below": (
        http("POST eu.pay.test/v1/charges", SMALL),
        (2, "pass", "rule_lowered", "charges"),
    ),
    "the first alternative that holds counts": (
        http("POST pay.test/v1/charges", SMALL | {"currency": "eur"}),
        (3, "hold", "rule_lowered", "charges"),
    ),
    "a large charge": (
        http("POST pay.test/v1/charges", SMALL | {"amount": 5000}),
        (4, "hold", "rule", "charges"),
    ),
    "an amount without the last digit of doubt": (
        http("POST pay.test/v1/charges", SMALL | {"amount": 100.01}),
        (3, "hold", "rule_lowered", "charges"),
    ),
    "a charge without an amount is not small": (
        http("POST pay.test/v1/charges", {"currency": "usd"}),
        (4, "hold", "rule", "charges"),
    ),
    "a charge without a body is not small": (
        http("POST pay.test/v1/charges"),
        (4, "hold", "rule", "charges"),
    ),
    "a negative charge is not small": (
        http("POST pay.test/v1/charges", SMALL | {"amount": -5}),
        (4, "hold", "rule", "charges"),
    ),
    "an amount as json text is not understood": (
        http("POST pay.test/v1/charges", SMALL | {"amount": "99"}),
        (4, "hold", "rule_unknown", "charges"),
    ),
    "a form's plain number counts as one": (
        http("POST pay.test/v1/charges", "amount=99&currency=usd"),
        (2, "pass", "rule_lowered", "charges"),
    ),
    "a form's amount twice": (
        http("POST pay.test/v1/charges", "amount=99&amount=5000&currency=usd"),
        (4, "hold", "rule_unknown", "charges"),
    ),
    "a second amount in the query": (
        http("POST pay.test/v1/charges?amount=5000", SMALL),
        (4, "hold", "rule_unknown", "charges"),
    ),
    "a body that nobody understands": (
        http("POST pay.test/v1/charges", b"\x00"),
        (4, "hold", "rule_unknown", "charges"),
    ),
    "the exact admin path": (http("GET pay.test/v1/admin/users"), (4, "hold", "rule", "admin")),
    "nothing after the admin path": (http("GET pay.test/v1/admin"), (4, "hold", "rule", "admin")),
    "head does what get does": (http("HEAD pay.test/v1/admin"), (4, "hold", "rule", "admin")),
    "the admin path in capitals": (
        http("GET pay.test/V1/Admin/users"),
        (4, "hold", "rule_unknown", "admin"),
    ),
    "the admin path in wide letters": (
        http("GET pay.test/v1/%EF%BD%81dmin/x"),
        (4, "hold", "rule_unknown", "admin"),
    ),
    "a path that only begins alike": (
        http("GET pay.test/v1/administration"),
        (1, "pass", "default_read", None),
    ),
    "a query value that raises": (http("GET pay.test/x?confirm=true"), (4, "hold", "rule", "confirm")),
    "one of two query values that raises": (
        http("GET pay.test/x?confirm=false&confirm=true"),
        (4, "hold", "rule_unknown", "confirm"),
    ),
    "a query name in capitals": (
        http("GET pay.test/x?Confirm=true"),
        (4, "hold", "rule_unknown", "confirm"),
    ),
    "a query value in capitals": (
        http("GET pay.test/x?confirm=TRUE"),
        (4, "hold", "rule_unknown", "confirm"),
    ),
    "a low rule that certainly matches": (
        http("POST pay.test/v1/lookups?limit=5"),
        (1, "pass", "rule", "search"),
    ),
    "a low rule that a second value makes doubtful": (
        http("POST pay.test/v1/lookups?limit=5&limit=5000"),
        (3, "hold", "default_write", None),
    ),
    "a low rule whose path has one slash more": (
        http("POST pay.test/v1/lookups/?limit=5"),
        (3, "hold", "default_write", None),
    ),
    "one element of several raises": (
        http("POST pay.test/v1/bulk", {"items": [{"kind": "read"}, {"kind": "delete"}]}),
        (4, "hold", "rule_unknown", "bulk"),
    ),
    "no element raises": (
        http("POST pay.test/v1/bulk", {"items": [{"kind": "read"}]}),
        (3, "hold", "default_write", None),
    ),
    "a rule without a method": (http("POST pay.test/status"), (1, "pass", "rule", "status")),
    "two rules: the higher tier counts": (
        http("GET pay.test/status?confirm=true"),
        (4, "hold", "rule", "confirm"),
    ),
    "forbidden": (http("DELETE pay.test/v1/ledger/7"), (4, "block", "forbidden", "never")),
    "perhaps forbidden": (
        http("DELETE pay.test/v1/Ledger/7"),
        (4, "block", "rule_unknown", "never"),
    ),
    "a method override": (
        http("POST pay.test/v1/lookups?limit=5", headers={"X-HTTP-Method-Override": "PUT"}),
        (4, "hold", "method_override", None),
    ),
    "a method override of something forbidden": (
        http("POST pay.test/v1/ledger/7", headers={"X-HTTP-Method-Override": "DELETE"}),
        (4, "block", "rule_unknown", "never"),
    ),
    "an alternative that may hold bars a lower one": (
        http("POST modes.test/v1", b"?", headers={"X-Mode": "test"}),
        (4, "hold", "rule_unknown", "modes"),
    ),
    "an alternative that may hold bars no equal one": (
        http("POST modes.test/v1", b"?", headers={"X-Mode": "dear"}),
        (3, "hold", "rule_lowered", "modes"),
    ),
    "an alternative that does not hold bars none": (
        http("POST modes.test/v1", {"currency": "usd"}, headers={"X-Mode": "test"}),
        (2, "pass", "rule_lowered", "modes"),
    ),
    "a graphql query": (
        http("POST gql.test/graphql", {"query": "{ me }"}),
        (1, "pass", "rule_lowered", "asks"),
    ),
    "a graphql mutation that is named": (
        http("POST gql.test/graphql", {"query": "mutation { like } query Q { me }"}),
        (1, "pass", "rule_lowered", "asks"),
    ),
    "a graphql query beside a mutation": (
        http("POST gql.test/graphql", {"query": "{ me } mutation B { pay }"}),
        (4, "hold", "rule_unknown", "asks"),
    ),
    "another graphql mutation": (
        http("POST gql.test/graphql", {"query": "mutation { pay }"}),
        (4, "hold", "rule", "asks"),
    ),
    "a persisted graphql query may be anything": (
        http("POST gql.test/graphql", {"id": "me"}),
        (4, "block", "rule_unknown", "wipes"),
    ),
    "a forbidden graphql mutation": (
        http("POST any.test/graphql", {"query": "mutation { wipeAll }"}),
        (4, "block", "forbidden", "wipes"),
    ),
    "a forbidden graphql mutation among others": (
        http("POST any.test/graphql", {"query": "mutation { a: like wipeAll }"}),
        (4, "block", "rule_unknown", "wipes"),
    ),
    "an operation in another letter case is another one": (
        http("POST gql.test/graphql", {"query": "mutation { WipeAll }"}),
        (4, "hold", "rule", "asks"),
    ),
    "a tool that no rule names": (tool("files", "write"), (3, "hold", "default_tool", None)),
    "a tool by its beginning": (tool("files", "delete_all"), (4, "hold", "rule", "files")),
    "a tool by its whole name": (tool("files", "draw"), (1, "pass", "rule", "read-files")),
    "a tool without a name": (tool("any", ""), (3, "hold", "default_tool", None)),
    "a tool of another server": (tool("mail", "draw"), (3, "hold", "default_tool", None)),
    "a tool in capitals": (tool("files", "Delete_all"), (4, "hold", "rule_unknown", "files")),
    "a low tool in capitals": (tool("files", "DRAW"), (3, "hold", "default_tool", None)),
    "an argument that forbids": (tool("any", "run", command="ls"), (4, "block", "forbidden", "shell")),
    "an argument that looks like it": (
        tool("any", "run", Command="ls"),
        (4, "block", "rule_unknown", "shell"),
    ),
    "without that argument": (tool("any", "run"), (4, "hold", "default_tool", None)),
}


@pytest.mark.parametrize("name", NAMED)
def test_named_cases(name: str) -> None:
    """Every named call has its tier, verdict, reason id and rule."""
    call, expected = NAMED[name]
    assert judged(call, PAY) == expected


@pytest.mark.parametrize("name", NAMED)
def test_reasons_are_sentences(name: str) -> None:
    """Every judgement's reason is one well-worded line."""
    assert_well_worded(classify(NAMED[name][0], PAY).reason)


def test_a_rule_speaks_for_itself() -> None:
    """The operator's own sentence is the reason; a doubt is added to it."""
    reasons = {
        name: classify(NAMED[name][0], PAY).reason
        for name in ("a small charge passes", "a large charge", "a body that nobody understands", "forbidden")
    }
    assert reasons["a small charge passes"] == "small charge"
    assert reasons["a large charge"] == "moves money"
    assert reasons["forbidden"] == "the ledger is append-only"
    assert reasons["a body that nobody understands"] == (
        "moves money; whether its tier may be lower cannot be decided: its body is not understood"
    )


def test_without_rules() -> None:
    """No rules at all: reads pass, everything else is held, and hosts make no difference."""
    empty = compiled("")
    tiers = [judged(http(f"{m} any.test/"), empty)[0] for m in ("GET", "OPTIONS", "POST", "PATCH", "DELETE")]
    assert tiers == [1, 1, 3, 3, 4]


def test_of_equal_rules_the_first_is_named() -> None:
    """A tie goes to the rule that stands first in the files."""
    first, second = ({"id": name, "match": {"host": "*"}, "tier": 3} for name in ("b", "a"))
    call = http("GET pay.test/")
    assert judged(call, from_rules(first, second))[3] == "b"
    assert judged(call, from_rules(second, first))[3] == "a"


def test_a_doubtful_low_rule_leaves_the_default() -> None:
    """A rule that may match never speaks for a tier below what stands without it."""
    ruleset = from_rules({"id": "low", "match": {"body": {"dry_run": True}}, "tier": 1})
    assert judged(http("POST pay.test/", {"dry_run": True}), ruleset) == (1, "pass", "rule", "low")
    assert judged(http("POST pay.test/", b"?"), ruleset) == (3, "hold", "default_write", None)


def test_a_star_names_no_host() -> None:
    """A rule for every host does not make hosts known, and does not lower them."""
    ruleset = from_rules(
        {"id": "health", "match": {"host": "*", "path": "/health"}, "tier": 1}, unknown_host=3
    )
    assert judged(http("GET pay.test/health"), ruleset)[:3] == (3, "hold", "default_unknown_host")


def test_a_star_forbids_every_tool() -> None:
    """Also the one without a name."""
    ruleset = from_rules({"id": "no", "match": {"server": "s", "tool": "*"}, "forbidden": True})
    for name in ("x", "", "\u200b", "a/b"):
        assert judged(tool("s", name), ruleset) == (4, "block", "forbidden", "no")


ODD = compiled(
    """
hosts: {"*.odd.test": {paths: normalize}}
rules:
  - {id: tags, match: {host: a.odd.test, method: POST, path: "/tags/{arn}"}, tier: 2}
  - {id: below, match: {host: a.odd.test, method: POST, path: "/tags/{arn}/{rest}"}, tier: 2}
  - {id: admin, match: {host: a.odd.test, path: "/admin/**"}, tier: 4}
  - {id: asks, match: {host: a.odd.test, path: "/**", operation: "graphql.query.*"}, tier: 1}
"""
)
ODD_PATHS: dict[str, tuple[str, object, tuple[int, str]]] = {
    "every reading is named": ("POST a.odd.test/tags/arn%3Ax%2Fy", None, (2, "rule")),
    "one reading is not named": ("POST a.odd.test/tags/arn%3Ax%2Fy%2Fz", None, (3, "default_write")),
    "one reading is an admin's": ("GET a.odd.test/x/../admin/7", None, (4, "rule")),
    "one reading by merged slashes": ("GET a.odd.test//admin", None, (4, "rule")),
    "one reading by a parameter": ("GET a.odd.test/admin;x=1/7", None, (4, "rule")),
    "one reading by an escaped slash": ("GET a.odd.test/admin%2F7", None, (4, "rule")),
    "no reading is an admin's": ("GET a.odd.test/x//y", None, (1, "default_read")),
    "a graphql document in one reading": (
        "POST a.odd.test/x%2Fgraphql",
        {"query": "{ me }"},
        (4, "default_write"),
    ),
    "a graphql document in every reading": (
        "POST a.odd.test/x//graphql",
        {"query": "{ me }"},
        (4, "default_write"),
    ),
}


@pytest.mark.parametrize("name", ODD_PATHS)
def test_a_path_with_several_readings(name: str) -> None:
    """The most severe judgement of all its readings stands."""
    line, body, expected = ODD_PATHS[name]
    assert judged(http(line, body, paths=ODD.paths), ODD)[::2] == expected
