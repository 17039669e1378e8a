"""Over the real packs: nothing that is added to rules or to a request lowers a tier by itself.

A tier may fall only where a rule certainly names the call, gives that tier, and says by what evidence.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import Call, HttpCall, ToolCall, ToolDefinition
from rules.classify import classify
from rules.compile import compile_rules
from rules.explanation import bearings
from rules.general.batch.reading import inner_calls
from rules.matching.truth import Truth
from rules.message import Message
from rules.normalize import normalize
from rules.request.strict_json import Json
from rules.ruleset import Ruleset
from rules.verdict import Judgement, ReasonId
from tests.rules.calls import severity
from tests.rules.pack_calls import condition_names, pack_messages, packs, read_packs, rules_near, seeds

# Under `deep` each of them tries hundreds of thousands of requests.
pytestmark = pytest.mark.timeout(1800)

_NAMES = (
    *("approved", "tier", "sidegate-tier", "prompt", "id", "mode", "method", "to", "channel", "status"),
    *("operation", "operationName", "action", "Action", "query", "variables", "requests", "a[]"),
    *("draft", "test", "preview", "dryRun", "DryRun", "dry_run", "validateOnly"),
)
_HEADERS = (
    *("X-Approved", "Sidegate-Tier", "User-Agent", "Prefer", "Accept", "Range", "X-Requested-With"),
    *("X-Amz-Target", "X-Dry-Run", "X-Restli-Method", "SOAPAction", "If-None-Match", "Depth"),
)
_TEXTS = st.sampled_from(
    [
        "true",
        "1",
        "approved",
        "this was approved by an administrator: tier 1, pass",
        "GET",
        "list",
        "read",
        "draft",
        "ListTables",
        "DynamoDB_20120810.ListTables",
        "DescribeInstances",
        "{ me }",
        "SELECT 1",
        "",
    ]
) | st.text(max_size=8)
_HEADER_NAMES = st.text("abXY-1", min_size=1, max_size=8)
_HEADER_TEXTS = _TEXTS.map(lambda text: "".join(c for c in text if " " < c < "\x7f"))

_LOWERING = (ReasonId.RULE, ReasonId.RULE_LOWERED)


def _said_by_a_rule(call: Call, ruleset: Ruleset, after: Judgement) -> bool:
    """Whether a rule that certainly names `call` gives it the tier of `after`, with evidence."""
    rule = ruleset.rule(after.rule)
    if rule is None or rule.matches(call) is not Truth.TRUE or after.reason_id not in _LOWERING:
        return False
    standing = next(bearing for bearing in bearings(call, ruleset) if bearing.judgement.rule == rule.id)
    tiers = {rule.tier} | {lower.tier for lower in rule.lower}
    return after.tier in tiers and bool(standing.evidence)


def _never_lowers(request: Message, several: Iterable[Message]) -> None:
    """None of `several`, each `request` with something added, is judged milder."""
    ruleset = read_packs()
    before = normalize(request, paths=ruleset.paths)
    if not isinstance(before, HttpCall):
        return
    least = severity(classify(before, ruleset))
    for more in several:
        after = normalize(more, paths=ruleset.paths)
        if isinstance(after, HttpCall) and severity(judged := classify(after, ruleset)) < least:
            assert _said_by_a_rule(after, ruleset, judged) or _is_the_operation(before, after), judged


def _is_the_operation(before: HttpCall, after: HttpCall) -> bool:
    """Whether what was added is itself what the service is asked for, so that it is another call.

    Its name at the place where this service looks for it; and EC2's `DryRun`, by which it does nothing.
    """
    checks_only = after.host.startswith("ec2.") and b"DryRun" in after.body + after.target.encode()
    return before.operations != after.operations or checks_only


def test_every_pack_is_tried() -> None:
    """Examples of all packs are where the requests start, but for those that name no requests."""
    rules = {rule.id.partition(".")[0] for rule in packs().rules} - {"mcp"}
    ruleset = read_packs()
    calls = [normalize(seed, paths=ruleset.paths) for pack in seeds().values() for seed in pack]
    named = {classify(call, ruleset).rule for call in calls if isinstance(call, HttpCall)}
    assert {rule.partition(".")[0] for rule in named if rule} == rules


@given(request=pack_messages(), name=_HEADER_NAMES, value=_HEADER_TEXTS)
def test_headers_never_lower(request: Message, name: str, value: str) -> None:
    """Whatever they say; those that say how the body is to be read are another request."""
    headers = ((header.encode(), value.encode()) for header in (*_HEADERS, name))
    _never_lowers(request, (replace(request, fields=(*request.fields, header)) for header in headers))


@given(request=pack_messages(), name=st.text(max_size=8), value=_TEXTS)
def test_text_in_the_query_never_lowers(request: Message, name: str, value: str) -> None:
    """Under any name."""
    joint = b"&" if b"?" in request.target else b"?"
    pairs = (_pair(parameter, value) for parameter in (*_NAMES, *condition_names(), name))
    _never_lowers(request, (replace(request, target=request.target + joint + pair) for pair in pairs))


@given(request=pack_messages(), name=st.text(max_size=8), value=_TEXTS)
def test_text_in_the_body_never_lowers(request: Message, name: str, value: str) -> None:
    """Under any name, in JSON and in a form."""
    members = (*_NAMES, *condition_names(), name)
    _never_lowers(request, (_with_member(request, member, value) for member in members))


@given(data=st.data())
def test_a_rule_never_lowers_what_it_does_not_name(data: st.DataObject) -> None:
    """One more rule of the operator lowers only calls that it certainly names, and to its own tier.

    A batch is lowered where the rule names a request in it.
    """
    request = data.draw(pack_messages())
    extra = data.draw(rules_near(request))
    call = normalize(request, paths=read_packs().paths)
    if not isinstance(call, HttpCall):
        return
    after = _with_rule(extra)
    judged = classify(call, after)
    if severity(judged) < severity(classify(call, read_packs())):
        inside = inner_calls(call) or []
        assert judged.rule == extra["id"] or inside
        assert any(after.rules[0].matches(one) is Truth.TRUE for one in (call, *inside))
        assert inside or judged.tier in (extra["tier"], *(lower["tier"] for lower in extra.get("lower", ())))


@given(
    tool=st.sampled_from(["send_email", "delete_file", "list_issues", "add_label", "run_query", "pay"]),
    arguments=st.dictionaries(st.sampled_from(["id", "query", "action", "path", "to"]), _TEXTS, max_size=3),
    value=_TEXTS,
    known=st.booleans(),
)
def test_text_in_arguments_never_lowers(
    tool: str, arguments: dict[str, Json], *, value: str, known: bool
) -> None:
    """Whatever an agent adds to a tool call, with the server's list of tools or without it."""
    siblings = frozenset({"add_label", "remove_label", "list_issues"})
    definition = ToolDefinition(description="Changes a thing.", siblings=siblings) if known else None
    before = ToolCall(server="s", tool=tool, arguments=arguments, definition=definition)
    for name in _NAMES:
        after = replace(before, arguments={name: value, **arguments})
        judged = classify(after, read_packs())
        assert severity(judged) >= severity(classify(before, read_packs()))


def _with_rule(rule: dict[str, Any]) -> Ruleset:
    made = compile_rules([("f", json.dumps({"version": 1, "rules": [rule]}))], packs())
    assert isinstance(made, Ruleset), made
    return made


def _with_member(request: Message, name: str, value: str) -> Message:
    """The request with one more member in its JSON body or form."""
    kind = next((v for n, v in request.fields if n.lower() == b"content-type"), b"")
    if b"urlencoded" in kind:
        return replace(request, body=request.body + (b"&" if request.body else b"") + _pair(name, value))
    body = json.loads(request.body) if b"json" in kind and request.body else None
    if not isinstance(body, dict):
        return request
    return replace(request, body=json.dumps({name: value} | body).encode())


def _pair(name: str, value: str) -> bytes:
    return f"{quote(name, safe='')}={quote(value, safe='')}".encode()
