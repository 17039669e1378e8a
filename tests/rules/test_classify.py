"""The tier of a call: tables of named cases, and what must hold for every rule set and call."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall, Payload, PayloadKind, ToolCall
from rules.classify import classify
from rules.matching.truth import Truth
from rules.message import Message
from rules.normalize import normalize
from rules.request.strict_json import Json
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal
from tests.rules.calls import (
    FORM,
    calls,
    compiled,
    from_rules,
    http,
    judged,
    messages,
    rule_lists,
    rules,
    severity,
    tool,
)
from tests.rules.messages import MESSAGES, assert_well_worded, readable

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


def _added(base: list[dict[str, Any]], extra: dict[str, Any]) -> tuple[Ruleset, Ruleset]:
    return from_rules(*base, unknown_host=2), from_rules(*base, extra, unknown_host=2)


@given(base=rule_lists(), extra=rules(identity="extra"), call=calls())
def test_only_a_certain_first_match_lowers(
    base: list[dict[str, Any]], extra: dict[str, Any], call: HttpCall
) -> None:
    """A further rule lowers a call only as the first that certainly names it, or that names its host."""
    before, after = _added(base, extra)
    first = after.rules[-1].matches(call) is Truth.TRUE and not any(
        rule.matches(call) is Truth.TRUE for rule in before.rules
    )
    introduces = after.names_host(call.host) and not before.names_host(call.host)
    if not (first or introduces):
        assert severity(classify(call, after)) >= severity(classify(call, before))


@given(written=rule_lists(), call=calls(), order=st.randoms(use_true_random=False))
def test_order_does_not_matter(written: list[dict[str, Any]], call: HttpCall, order: Any) -> None:
    """Tier and verdict are the same for every order of the rules."""
    shuffled = list(written)
    order.shuffle(shuffled)
    one, other = (classify(call, from_rules(*some)) for some in (written, shuffled))
    assert severity(one) == severity(other)


def _with_more(request: Message, where: str, name: str, value: str) -> Message:
    if where == "header":
        return replace(request, fields=(*request.fields, (f"x-{name}".encode(), value.encode())))
    if where == "query":
        joint = b"&" if b"?" in request.target else b"?"
        return replace(request, target=request.target + joint + f"{name}={value}".encode())
    kinds = dict(request.fields)
    if kinds.get(b"Content-Type") == FORM.encode():
        return replace(request, body=request.body + f"&{name}={value}".encode())
    if request.body.startswith(b"{"):
        comma = b"" if request.body == b"{}" else b", "
        return replace(request, body=request.body[:-1] + comma + f'"{name}": "{value}"}}'.encode())
    return request


@given(
    written=rule_lists(),
    request=messages(),
    where=st.sampled_from(["header", "query", "body"]),
    name=st.sampled_from(["approved", "tier", "Amount", "kind[]", "KIND", "sidegate-tier"]),
    value=st.sampled_from(["1", "true", "usd", "100", ""]),
)
def test_what_no_rule_names_never_lowers(
    written: list[dict[str, Any]], request: Message, where: str, name: str, value: str
) -> None:
    """A header, query value or body member that no rule names never lowers a call."""
    ruleset = from_rules(*written, unknown_host=2)
    call, more = normalize(request), normalize(_with_more(request, where, name, value))
    if isinstance(call, Refusal) or isinstance(more, Refusal):
        return
    assert severity(classify(more, ruleset)) >= severity(classify(call, ruleset))


@given(written=rule_lists(), call=calls())
def test_hiding_the_body_never_lowers(written: list[dict[str, Any]], call: HttpCall) -> None:
    """A call whose body the gate cannot read is judged at least as high as if it could."""
    ruleset = from_rules(*written)
    hidden = replace(call, payload=Payload(kind=PayloadKind.OPAQUE))
    assert severity(classify(hidden, ruleset)) >= severity(classify(call, ruleset))


@given(written=rule_lists(), call=calls())
def test_the_index_misses_nothing(written: list[dict[str, Any]], call: HttpCall) -> None:
    """Every rule that names or may name a call is among its candidates."""
    ruleset = from_rules(*written)
    matching = [rule for rule in ruleset.rules if rule.matches(call) is not Truth.FALSE]
    assert [rule for rule in ruleset.candidates(call) if rule in matching] == matching


JSON_VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.decimals(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(request=MESSAGES | readable() | messages())
def test_no_request_makes_it_raise(request: Message) -> None:
    """Whatever normalization lets through is judged."""
    call = normalize(request)
    if isinstance(call, HttpCall):
        assert isinstance(classify(call, PAY), Judgement)


@given(
    server=st.sampled_from(["files", "any"]) | st.text(),
    name=st.sampled_from(["run", "delete_", "list"]) | st.text(),
    arguments=st.dictionaries(st.sampled_from(["command", "Command"]) | st.text(max_size=4), JSON_VALUES),
)
def test_no_tool_call_makes_it_raise(server: str, name: str, arguments: dict[str, Json]) -> None:
    """Whatever a client names and passes is judged."""
    call = ToolCall(server=server, tool=name, arguments=arguments)
    assert isinstance(classify(call, PAY), Judgement)


def test_a_star_forbids_every_tool() -> None:
    """Also the one without a name."""
    ruleset = from_rules({"id": "no", "match": {"server": "s", "tool": "*"}, "forbidden": True})
    for name in ("x", "", "\u200b", "a/b"):
        assert judged(tool("s", name), ruleset) == (4, "block", "forbidden", "no")
