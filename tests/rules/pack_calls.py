"""Requests like those that the packs' own examples make, for tests over the real packs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from rules.compile import compile_pack, compile_rules
from rules.headers import Fields
from rules.language.yaml_tree import read_tree
from rules.matching.condition import Condition
from rules.message import Message
from rules.ruleset import Ruleset

PACKS = Path(__file__).parents[2] / "rules" / "packs"

_BODIES = st.sampled_from(
    [
        (b"", None),
        (b"{}", b"application/json"),
        (b'{"query": "{ viewer { id } }"}', b"application/json"),
        (b'{"query": "mutation { wipe }"}', b"application/json"),
        (b'{"amount": 5, "to": "a@b.example"}', b"application/json"),
        (b"Action=DescribeInstances&Version=2016-11-15", b"application/x-www-form-urlencoded"),
        (b"Action=TerminateInstances&Version=2016-11-15", b"application/x-www-form-urlencoded"),
        (b"amount=5&to=a", b"application/x-www-form-urlencoded"),
        (b"\x00\x01", b"application/octet-stream"),
    ]
)
_PARTS = st.sampled_from(["search", "delete", "send", "labels", "7", "a.b", "batchGet", "Users"])


@cache
def packs() -> Ruleset:
    """The packs as they are shipped."""
    return compile_pack((PACKS / "compiled.json").read_text("utf-8"))


@cache
def read_packs() -> Ruleset:
    """The rule set of somebody who has no rules."""
    made = compile_rules([], packs())
    assert isinstance(made, Ruleset)
    return made


@cache
def condition_names() -> tuple[str, ...]:
    """Names that conditions of the packs look at, and others that a lenient server may take for them."""
    tests = [test for rule in packs().rules for test in rule.conditions]
    tests += [test for rule in packs().rules for lower in rule.lower for test in lower.conditions]
    names = sorted({test.steps[0] for test in tests if isinstance(test, Condition)})
    return tuple(alike for name in names for alike in (name, name.swapcase(), f"{name}[]"))


@cache
def seeds() -> dict[str, tuple[Message, ...]]:
    """The request of every example, by pack."""
    found = {path.stem: tuple(map(_message, _requests(path))) for path in sorted(PACKS.glob("*.yaml"))}
    return {name: messages for name, messages in found.items() if messages}


@st.composite
def pack_messages(draw: st.DrawFn) -> Message:
    """An example's request, or one near it: another method, body or path on the same host."""
    if draw(st.integers(0, 7)) == 0:
        # Services whose operations stand in a header, a query or a form, which no pack names.
        name = draw(st.sampled_from(["ec2", "iam", "dynamodb", "sqs", "codeartifact"]))
        seed = _message({"method": "POST", "url": f"https://{name}.eu-west-1.amazonaws.com/"})
        body, kind = draw(_BODIES)
        fields = seed.fields if kind is None else (*seed.fields, (b"Content-Type", kind))
        return replace(seed, body=body, fields=fields)
    # By pack, so that the largest ones do not crowd the others out.
    seed = draw(st.sampled_from(seeds()[draw(st.sampled_from(list(seeds())))]))
    method, path = seed.method, seed.target
    body, kind = seed.body, _content_type(seed.fields)
    if draw(st.booleans()):
        method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"PATCH", b"DELETE"]))
    if draw(st.integers(0, 3)) == 0:
        path = path.partition(b"?")[0].rstrip(b"/") + b"/" + draw(_PARTS).encode()
    if draw(st.integers(0, 3)) == 0:
        body, kind = draw(_BODIES)
    if method == b"GET":
        body, kind = b"", None
    others = tuple(field for field in seed.fields if field[0].lower() != b"content-type")
    fields = others if kind is None else (*others, (b"Content-Type", kind))
    return replace(seed, method=method, target=path, body=body, fields=fields)


@st.composite
def rules_near(draw: st.DrawFn, request: Message) -> dict[str, Any]:
    """A rule about the request's host, with conditions or without."""
    match: dict[str, Any] = {"host": draw(st.sampled_from([request.host, "*"]))}
    if draw(st.integers(0, 3)) == 0:
        match["method"] = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
    conditions = draw(st.sampled_from([None, ("body", "amount"), ("query", "Action"), ("headers", "x-mode")]))
    if conditions is not None:
        part, name = conditions
        match[part] = {name: draw(st.sampled_from([{"exists": True}, {"exists": False}, {"ne": "live"}]))}
    tier = draw(st.sampled_from([1, 1, 2, 3, 4]))
    rule: dict[str, Any] = {"id": "extra", "match": match, "tier": tier}
    if tier > 1 and draw(st.booleans()):
        when = {"query": {draw(st.sampled_from(["preview", "dry_run"])): "true"}}
        rule["lower"] = [{"when": when, "tier": draw(st.integers(1, tier - 1))}]
    return rule


def _content_type(fields: Fields) -> bytes | None:
    return next((value for name, value in fields if name.lower() == b"content-type"), None)


def _requests(pack: Path) -> Iterator[dict[str, Any]]:
    content: Any = read_tree(pack.read_text("utf-8")).value
    for rule in content["rules"]:
        requests = (example["request"] for example in rule.get("examples", ()))
        yield from (request for request in requests if "url" in request)


def _message(request: dict[str, Any]) -> Message:
    url, body = urlsplit(request["url"]), request.get("body")
    fields = tuple((name.encode(), value.encode()) for name, value in request.get("headers", {}).items())
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    if body is not None and not isinstance(body, str):
        fields = (*fields, (b"Content-Type", b"application/json"))
    target = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
    return Message(
        scheme=url.scheme,
        host=url.hostname or "",
        port=443,
        sni=url.hostname,
        method=request["method"].encode(),
        target=target.encode(),
        fields=((b"Host", url.netloc.encode()), *fields),
        body=text.encode(),
    )
