"""The tier of a call: what must hold for every rule set and every call."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall, Payload, PayloadKind, ToolCall
from rules.classify import classify
from rules.decode import operations
from rules.headers import framed
from rules.matching.truth import Truth
from rules.message import Message
from rules.normalize import normalize
from rules.request.path_readings import PathPolicy
from rules.request.spelling import fold
from rules.request.strict_json import Json
from rules.ruleset import Rule, Ruleset
from rules.verdict import Judgement, ReasonId, Refusal, Verdict
from tests.rules.calls import (
    FORM,
    calls,
    from_rules,
    message,
    messages,
    rule_lists,
    rules,
    severity,
)
from tests.rules.messages import MESSAGES, TARGETS, readable
from tests.rules.test_classify import PAY


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


_NAMED = {fold(name) for name in ("amount", "kind", "items", "to", "query")}
_TEXTS = st.sampled_from(["approved", "tier", "sidegate-tier", "id", "1", "true", "usd", ""]) | st.text(
    max_size=12
)
_LOOK_ALIKES = st.sampled_from(["Amount", "kind[]", "KIND", "Query"])
_FREE = _TEXTS.filter(lambda name: fold(name).partition("[")[0].partition(".")[0].strip() not in _NAMED)
# These say how the body is to be read, and rules name `x-mode`.
_DESCRIBING = {"content-type", "content-encoding", "x-mode"}
_HEADERS = st.tuples(
    st.sampled_from(["X-Approved", "Sidegate-Tier", "X-Kind", "Prefer", "Accept", "Range", "X-Amz-Target"])
    | st.text("abXY-_.1", min_size=1, max_size=12),
    _TEXTS.map(lambda text: "".join(c for c in text if " " < c < "\x7f")),
).filter(lambda pair: pair[0].lower().replace("_", "-") not in _DESCRIBING)


def _with_parameter(request: Message, where: str, name: str, value: str) -> Message:
    """The request with one more parameter in its query or body."""
    pair = f"{quote(name, safe='')}={quote(value, safe='')}".encode()
    if where == "query":
        joint = b"&" if b"?" in request.target else b"?"
        return replace(request, target=request.target + joint + pair)
    if dict(request.fields).get(b"Content-Type") == FORM.encode():
        return replace(request, body=request.body + b"&" + pair)
    if request.body.startswith(b"{"):
        return replace(request, body=json.dumps({name: value} | json.loads(request.body)).encode())
    return request


def _never_lowers(written: list[dict[str, Any]], request: Message, more: Message) -> None:
    ruleset = from_rules(*written, unknown_host=2)
    before, after = normalize(request), normalize(more)
    if not (isinstance(before, Refusal) or isinstance(after, Refusal)):
        assert severity(classify(after, ruleset)) >= severity(classify(before, ruleset))


@given(
    written=rule_lists(),
    request=messages(),
    where=st.sampled_from(["query", "body"]),
    name=_FREE | _LOOK_ALIKES,
    value=_TEXTS,
)
def test_a_parameter_that_no_rule_names_never_lowers(
    written: list[dict[str, Any]], request: Message, where: str, name: str, value: str
) -> None:
    """Any text under any name, in the query or the body; also under one that looks like a rule's."""
    _never_lowers(written, request, _with_parameter(request, where, name, value))


@given(written=rule_lists(), request=messages(), added=st.lists(_HEADERS, min_size=1, max_size=3))
def test_a_header_that_no_rule_names_never_lowers(
    written: list[dict[str, Any]], request: Message, added: list[tuple[str, str]]
) -> None:
    """Any header that does not say how the body is to be read."""
    fields = tuple((name.encode(), value.encode()) for name, value in added)
    _never_lowers(written, request, replace(request, fields=(*request.fields, *fields)))


@given(written=rule_lists(), request=messages() | readable())
def test_what_is_forwarded_is_judged_alike(written: list[dict[str, Any]], request: Message) -> None:
    """In the framing that leaves, the call is the same and its tier too."""
    call = normalize(request)
    if isinstance(call, Refusal):
        return
    fields = framed(call.fields, request.method, call.body)
    again = normalize(replace(request, fields=fields, version="HTTP/1.1"))
    assert isinstance(again, HttpCall)
    assert replace(again, fields=()) == replace(call, fields=())
    assert framed(again.fields, request.method, again.body) == fields
    ruleset = from_rules(*written)
    assert classify(again, ruleset) == classify(call, ruleset)


@given(written=rule_lists(), call=calls())
def test_hiding_the_body_never_lowers(written: list[dict[str, Any]], call: HttpCall) -> None:
    """A call whose body the gate cannot read is judged at least as high as if it could."""
    ruleset = from_rules(*written)
    hidden = replace(call, payload=Payload(kind=PayloadKind.OPAQUE), operations=())
    hidden = replace(hidden, operations=operations(hidden))
    assert severity(classify(hidden, ruleset)) >= severity(classify(call, ruleset))


@given(written=rule_lists(), call=calls())
def test_a_rule_that_needs_a_hidden_payload_counts_in_full(
    written: list[dict[str, Any]], call: HttpCall
) -> None:
    """Each rule that may name the call speaks for its whole tier, and an unsure one says so."""
    ruleset = from_rules(*written)
    hidden = replace(call, payload=Payload(kind=PayloadKind.OPAQUE), operations=None)
    judgement = classify(hidden, ruleset)
    unsure = [
        rule
        for rule in ruleset.rules
        if (rule.matches(hidden) is Truth.UNKNOWN)
        or (rule.matches(hidden) is Truth.TRUE and _may_lower(rule, hidden))
    ]
    assert all(judgement.tier >= rule.tier for rule in unsure)
    assert all(judgement.verdict is Verdict.BLOCK for rule in unsure if rule.forbidden)
    if judgement.rule in {rule.id for rule in unsure}:
        assert judgement.reason_id is ReasonId.RULE_UNKNOWN
        assert "its body is not understood" in judgement.reason


def _may_lower(rule: Rule, call: HttpCall) -> bool:
    truths = [alternative.holds(call) for alternative in rule.lower]
    return Truth.UNKNOWN in truths and Truth.TRUE not in truths


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


@given(written=rule_lists(), path=TARGETS)
def test_no_reading_of_a_path_lowers(written: list[dict[str, Any]], path: str) -> None:
    """Whichever reading a server has, the call is judged at least as high as a plain call of that path."""
    ruleset = from_rules(*written)
    read = normalize(message(f"POST pay.test{path}"), paths=lambda host: PathPolicy.NORMALIZE)
    if isinstance(read, Refusal):
        return
    whole = severity(classify(read, ruleset))
    for segments in (read.segments, *read.other_paths):
        plain = "/" + "/".join(quote(segment, safe="") for segment in segments)
        call = normalize(message(f"POST pay.test{plain}"))
        if isinstance(call, HttpCall):
            assert call.segments == segments
            assert whole >= severity(classify(call, ruleset))
