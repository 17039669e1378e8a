"""Calls and rule sets for tests, written the way that people write them."""

import json
from typing import Any

from hypothesis import strategies as st

from rules.call import HttpCall, ToolCall
from rules.classify import classify
from rules.compile import compile_rules
from rules.headers import Fields
from rules.message import Message
from rules.normalize import normalize
from rules.request.path_readings import PolicyOf, always_strict
from rules.ruleset import Ruleset
from rules.verdict import Judgement

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def http(
    line: str,
    body: object = None,
    *,
    headers: dict[str, str] | None = None,
    paths: PolicyOf = always_strict,
) -> HttpCall:
    """The call of a request line such as `POST pay.test/v1/charges?a=b`.

    `body`: None, JSON values, text of a form, or bytes that nobody understands.
    """
    call = normalize(message(line, body, headers=headers), paths=paths)
    assert isinstance(call, HttpCall), call
    return call


def message(line: str, body: object = None, *, headers: dict[str, str] | None = None) -> Message:
    """As `http`, before normalization."""
    method, _, url = line.partition(" ")
    host, slash, target = url.partition("/")
    content, kind = _content(body)
    fields: Fields = ((b"Host", host.encode()), *((b"Content-Type", k.encode()) for k in kind))
    return Message(
        scheme="https",
        host=host,
        port=443,
        sni=host,
        method=method.encode(),
        target=f"{slash}{target}".encode(),
        fields=(*fields, *((n.encode(), v.encode("latin-1")) for n, v in (headers or {}).items())),
        body=content,
    )


def tool(server: str, name: str, **arguments: Any) -> ToolCall:
    """A tool call."""
    return ToolCall(server=server, tool=name, arguments=arguments)


def compiled(*texts: str) -> Ruleset:
    """The rule set of rules files that must be right; their version line is added."""
    ruleset = compile_rules([(f"{n}.yaml", f"version: 1\n{text}") for n, text in enumerate(texts)])
    assert isinstance(ruleset, Ruleset), "\n".join(map(str, ruleset))
    return ruleset


def from_rules(*rules: dict[str, Any], **defaults: int) -> Ruleset:
    """The rule set of rules written as values; JSON is YAML."""
    document = {"version": 1, "defaults": defaults, "rules": list(rules)}
    ruleset = compile_rules([("rules.yaml", json.dumps(document))])
    assert isinstance(ruleset, Ruleset), "\n".join(map(str, ruleset))
    return ruleset


def severity(judgement: Judgement) -> tuple[bool, int]:
    """How much a judgement stops: comparable, greater is stricter."""
    return (judgement.verdict == "block", judgement.tier)


def judged(call: HttpCall | ToolCall, ruleset: Ruleset) -> tuple[int, str, str, str | None]:
    """Tier, verdict, reason id and rule."""
    judgement = classify(call, ruleset)
    return (int(judgement.tier), str(judgement.verdict), str(judgement.reason_id), judgement.rule)


def _content(body: object) -> tuple[bytes, list[str]]:
    match body:
        case None:
            return b"", []
        case bytes():
            return body, ["application/octet-stream"]
        case str():
            return body.encode(), [FORM]
        case _:
            return json.dumps(body).encode(), [JSON]


_VALUES = st.sampled_from([0, 50, 100, 101, 1.5, "usd", "USD", "100", "", True, False])
_BODY_VALUES = _VALUES | st.none() | st.lists(_VALUES, max_size=2)
_NAMES = st.sampled_from(["amount", "kind"])
_REQUIREMENTS = st.one_of(
    _VALUES,
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.fixed_dictionaries({"ne": _VALUES}),
    st.fixed_dictionaries({"in": st.lists(_VALUES, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"not_in": st.lists(_VALUES, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"gt": st.integers(0, 60)}),
    st.fixed_dictionaries({"gte": st.integers(0, 60), "lte": st.integers(60, 120)}),
)
_CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "query": st.dictionaries(_NAMES, _REQUIREMENTS, min_size=1, max_size=2),
    "headers": st.dictionaries(st.just("x-mode"), _REQUIREMENTS, min_size=1),
    "body": st.dictionaries(
        st.sampled_from(["amount", "kind", "items.0", "items.*", "items.*.kind", "to.kind"]),
        _REQUIREMENTS,
        min_size=1,
        max_size=2,
    ),
}
_ASKING: dict[str, st.SearchStrategy[Any]] = {
    "operation": st.lists(
        st.sampled_from(["graphql.query.*", "graphql.query.me", "graphql.mutation.*", "graphql.*"]),
        min_size=1,
        max_size=2,
    )
}
_DOCUMENTS = st.sampled_from(
    ["{ me }", "query A { me you }", "mutation { wipe }", "{ me } mutation B { me }", "{"]
)
_ENDPOINT: dict[str, st.SearchStrategy[Any]] = {
    "host": st.sampled_from(["pay.test", "*.test", "a.pay.test", "*", "mail.test"]),
    "method": st.lists(st.sampled_from(["GET", "POST", "DELETE"]), min_size=1, max_size=2),
    "path": st.sampled_from(
        [
            "/",
            "/v1",
            "/v1/{id}",
            "/v1/admin",
            "/v1/admin/",
            "/v1/**",
            "/v1/{id:int}",
            "/**",
            "/v1/a{id}n",
            "/{a}/{b}",
            "/graphql",
        ]
    ),
}


@st.composite
def rules(draw: st.DrawFn, *, identity: str = "r") -> dict[str, Any]:
    """A rule on HTTP calls, as it would stand in the file; drawn so that it often matches."""
    match = draw(st.fixed_dictionaries({}, optional=_ENDPOINT | _CONDITIONS | _ASKING))
    rule: dict[str, Any] = {"id": identity, "match": match or {"host": "*"}}
    if draw(st.integers(0, 9)) == 0:
        return rule | {"forbidden": True}
    tier = draw(st.integers(1, 4))
    when = draw(st.fixed_dictionaries({}, optional=_CONDITIONS | _ASKING))
    # Split, so that no alternative repeats an earlier one.
    split = draw(st.integers(0, len(when)))
    halves = [dict(list(when.items())[:split]), dict(list(when.items())[split:])]
    if tier > 1:
        rule["lower"] = [{"when": half, "tier": draw(st.integers(1, tier - 1))} for half in halves if half]
    return rule | {"tier": tier}


@st.composite
def rule_lists(draw: st.DrawFn, *, most: int = 5) -> list[dict[str, Any]]:
    """Several rules with ids of their own."""
    return [draw(rules(identity=f"r{n}")) for n in range(draw(st.integers(0, most)))]


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """A request that rules from `rules` often name."""
    host = draw(st.sampled_from(["pay.test", "a.pay.test", "mail.test", "other.example"]))
    path = draw(
        st.sampled_from(
            [
                "/",
                "/v1",
                "/v1/",
                "/V1",
                "/v1/7",
                "/graphql",
                "/GraphQL/",
                "/v1/admin",
                "/v1/admin/",
                "/v1/Admin",
                "/a/b/c",
            ]
        )
    )
    pairs = st.tuples(st.sampled_from(["amount", "kind", "Kind", "kind[]", "zz"]), _VALUES.map(str))
    query = "&".join(f"{n}={v}" for n, v in draw(st.lists(pairs, max_size=3)))
    method = draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]))
    json_body = st.dictionaries(
        st.sampled_from(["amount", "kind", "Kind2", "items", "to"]),
        _BODY_VALUES | st.fixed_dictionaries({"kind": _BODY_VALUES}),
        max_size=3,
    )
    carrying = st.builds(dict[str, Any], query=_DOCUMENTS)
    form = st.lists(pairs, max_size=3).map(lambda found: "&".join(f"{n}={v}" for n, v in found))
    body = (
        draw(st.none() | json_body | carrying | form | st.just(b"?")) if method in ("POST", "PUT") else None
    )
    headers = draw(st.fixed_dictionaries({}, optional={"x-mode": _VALUES.map(str), "X_Mode": st.just("1")}))
    return message(f"{method} {host}{path}{'?' if query else ''}{query}", body, headers=headers)


def calls() -> st.SearchStrategy[HttpCall]:
    """What of `messages` has one reading."""
    read = messages().map(normalize)
    return read.filter(lambda call: isinstance(call, HttpCall)).map(_as_call)


def _as_call(call: object) -> HttpCall:
    assert isinstance(call, HttpCall)
    return call
