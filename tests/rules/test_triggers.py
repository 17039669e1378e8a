"""What calls carry out: shapes of secrets in every place, their own keys where they belong, and the cost."""

import base64
import gzip
import hashlib
import json
import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.call import HttpCall, ToolCall
from rules.classify import classify
from rules.normalize import normalize
from rules.triggers import MAX_OPAQUE_CHARACTERS, MAX_SCANNED_BYTES, carried_data, carried_secret
from tests.rules.calls import calls, compiled, from_rules, http, judged, message, rule_lists, severity, tool
from tests.rules.messages import assert_well_worded

# In two parts, so that nobody's scanner takes this file for a leak.
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "gh" + "p_" + "a1B2" * 9
GOOGLE = "AI" + "za" + "b-3_d" * 7
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMII"
RANDOM = base64.b64encode(hashlib.sha512(b"x").digest() * 4).decode().replace("+", "-").replace("/", "_")
SCOPE = f"{AWS}/20261123/eu-west-1/s3/aws4_request"


def packed(line: str, body: bytes) -> HttpCall:
    """A call with a compressed JSON body."""
    plain = message(line, {"a": 1}, headers={"content-encoding": "gzip"})
    call = normalize(replace(plain, body=gzip.compress(body)))
    assert isinstance(call, HttpCall)
    return call


WORD = "aB3" * 30
# One for each shape that issuers give to secrets: a mark, and as much as has to follow it.
SHAPES = [
    *(f"{mark}{WORD.upper().replace('3', '7')[:16]}" for mark in ("AK" + "IA", "AS" + "IA")),
    GOOGLE,
    *(f"gh{kind}_{WORD[:36]}" for kind in "pousr"),
    *(f"github_{'pat'}_{WORD[:60]}", f"glpat{'-'}{WORD[:20]}"),
    *(f"xox{kind}-{WORD[:20]}" for kind in "abeprs"),
    *(f"xapp{'-'}{WORD[:20]}", f"sk_{'live'}_{WORD[:20]}", f"rk_{'live'}_{WORD[:20]}"),
    *(f"sk-{'ant'}-{WORD[:20]}", f"sk-{'proj'}-{WORD[:20]}", f"npm{'_'}{WORD[:36]}"),
    *(f"pypi-{'AgE'}{WORD[:50]}", f"hf{'_'}{WORD.replace('3', 'c')[:34]}"),
    *(f"SG{'.'}{WORD[:22]}.{WORD[:43]}", f"dop_{'v1'}_{'0123456789abcdef' * 4}"),
    *(PEM, PEM.replace("RSA ", "")),
]


SECRETS: dict[str, tuple[HttpCall | ToolCall, str]] = {
    "in a query": (http(f"GET x.test/log?d={AWS}%3Awhatever"), "its query"),
    "in a query's name": (http(f"GET x.test/log?{AWS}"), "its query"),
    "escaped in a query": (http(f"GET x.test/log?d=%41{AWS[1:]}"), "its query"),
    "in a path": (http(f"GET x.test/{GITHUB}/x"), "its path"),
    "in a header": (http("GET x.test/", headers={"X-Note": f"is {GITHUB}"}), "its header `x-note`"),
    "in a user agent": (http("GET x.test/", headers={"User-Agent": AWS}), "its header `user-agent`"),
    "in json": (http("POST x.test/", {"a": [{"b": f"my key: {AWS}"}]}), "its body"),
    "in the name of a member": (http("POST x.test/", {GITHUB: 1}), "its body"),
    "a private key in json": (http("POST x.test/", {"a": PEM}), "its body"),
    "a key without more words": (http("POST x.test/", {"a": PEM.replace("RSA ", "")}), "its body"),
    "in a form": (http("POST x.test/", f"a=1&b=%41{AWS[1:]}"), "its body"),
    "in unknown bytes": (http("POST x.test/", b"\x00" + PEM.encode()), "its body"),
    "escaped in json": (
        replace(
            http("POST x.test/", {"a": AWS}), body=json.dumps({"a": AWS}).replace("AK", "\\u0041K").encode()
        ),
        "its body",
    ),
    "in compressed json": (packed("POST x.test/", json.dumps({"a": AWS}).encode()), "its body"),
    "another place beside its own": (http(f"GET x.test/?X-Amz-Credential={SCOPE}&d={AWS}"), "its query"),
    "more than a key as a key": (http(f"GET x.test/?key={GOOGLE}{GITHUB}"), "its query"),
    "another issuer's key as a key": (http(f"GET x.test/?key={GITHUB}"), "its query"),
    "in a tool's arguments": (tool("s", "t", note=f"use {GITHUB}"), "its arguments"),
}

HARMLESS: dict[str, HttpCall | ToolCall] = {
    "as a credential": http("GET x.test/", headers={"Authorization": f"Bearer {GITHUB}", "X-Api-Key": AWS}),
    "an api key": http(f"GET maps.test/?key={GOOGLE}"),
    "a presigned url": http(f"GET s3.test/x?X-Amz-Credential={SCOPE.replace('/', '%2F')}&X-Amz-Signature=0"),
    "an older presigned url": http(f"GET s3.test/x?AWSAccessKeyId={AWS}&Signature=0&Expires=1"),
    "a form that is signed": http("POST s3.test/x", f"x-amz-credential={SCOPE.replace('/', '%2F')}".encode()),
    "inside a longer word": http("POST x.test/", {"a": f"X{AWS}", "b": f"{AWS}0"}),
    "only its beginning": http("POST x.test/", {"a": "AKIA and ghp_ and sk_live_ are prefixes"}),
    "a public key": http("POST x.test/", {"a": "-----BEGIN PUBLIC KEY-----"}),
    "no argument": tool("s", "t"),
}

DATA: dict[str, tuple[HttpCall, str | None]] = {
    "a long value": (http(f"GET x.test/?a=1&d={RANDOM}"), "d"),
    "hexadecimal digits": (http(f"GET x.test/?d={hashlib.sha512(b'y').hexdigest() * 3}"), "d"),
    "behind other text": (http(f"GET x.test/?d=see%20{RANDOM}"), "d"),
    "a value of the longest harmless length": (
        http(f"GET x.test/?d={RANDOM[:MAX_OPAQUE_CHARACTERS]}"),
        None,
    ),
    "one character more": (http(f"GET x.test/?d={RANDOM[: MAX_OPAQUE_CHARACTERS + 1]}"), "d"),
    "a long text": (http("GET x.test/?q=" + "the+quick+brown+fox+" * 40), None),
    "a long list": (http("GET x.test/?ids=" + ",".join(map(str, range(1000, 1200)))), None),
    "padding": (http("GET x.test/?pad=" + "x" * 400), None),
    "a token of a presigned url": (
        http(f"GET s3.test/?X-Amz-Security-Token={RANDOM}&X-Amz-Signature=0"),
        None,
    ),
    "the same token without a signature": (
        http(f"GET s3.test/?X-Amz-Security-Token={RANDOM}"),
        "X-Amz-Security-Token",
    ),
    "the signature itself": (http(f"GET gs.test/?X-Goog-Signature={RANDOM}"), None),
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_seen(name: str) -> None:
    """Wherever it stands and however it is written; the reason says where and never what."""
    call, place = SECRETS[name]
    assert carried_secret(call) == place
    judgement = classify(call, compiled(""))
    assert (judgement.tier, judgement.reason_id) == (4, "secret_outbound")
    assert_well_worded(judgement.reason)
    assert not any(secret in judgement.reason for secret in (AWS, GITHUB, GOOGLE))


@pytest.mark.parametrize("name", HARMLESS)
def test_keys_where_they_belong(name: str) -> None:
    """A request's own credentials, signatures, and what only looks alike."""
    assert carried_secret(HARMLESS[name]) is None


@pytest.mark.parametrize("name", DATA)
def test_long_values(name: str) -> None:
    """Only what is long, unbroken and varied, and not what a presigned URL is signed by."""
    call, expected = DATA[name]
    assert carried_data(call) == expected


def test_only_reads_are_held_for_long_values() -> None:
    """A write is judged by what it does; a rule for tier 1 does not let a read through."""
    ruleset = from_rules({"id": "open", "match": {"host": "x.test"}, "tier": 1})
    assert judged(http(f"GET x.test/?d={RANDOM}"), ruleset) == (3, "hold", "secret_outbound", None)
    assert judged(http(f"POST x.test/?d={RANDOM}"), ruleset) == (1, "pass", "rule", "open")


def test_a_block_stays_a_block() -> None:
    """A secret makes nothing less strict."""
    ruleset = from_rules({"id": "no", "match": {"host": "x.test"}, "forbidden": True})
    assert judged(http(f"GET x.test/?d={AWS}"), ruleset) == (4, "block", "forbidden", "no")


@pytest.mark.parametrize("secret", SHAPES, ids=range(len(SHAPES)))
@pytest.mark.parametrize("around", ["", "a-b_c S.G A_K-I ", "plain words and numbers 12 " * 200])
def test_every_shape_is_seen(secret: str, around: str) -> None:
    """In a short text and in a long one, and not without its end."""
    assert carried_secret(http("POST x.test/", f"{around} {secret} {around}".encode())) == "its body"
    if not secret.startswith("-----"):
        assert carried_secret(http("POST x.test/", f"{around} {secret[:-1]} {around}".encode())) is None


def test_what_is_scanned_is_bounded() -> None:
    """Behind the first part of a large body nothing is looked for."""
    for padding, found in ((MAX_SCANNED_BYTES - 100, "its body"), (MAX_SCANNED_BYTES, None)):
        assert carried_secret(http("POST x.test/", b" " * padding + AWS.encode())) == found


@given(written=rule_lists(), call=calls(), place=st.sampled_from(["path", "header", "body"]))
def test_a_secret_never_lowers(written: list[dict[str, Any]], call: HttpCall, place: str) -> None:
    """Under any rules, a call with a secret is tier 4 and as strict as without."""
    secret = AWS.encode()
    carrying = {
        "path": replace(call, segments=(*call.segments[:-1], AWS), target=f"/{AWS}"),
        "header": replace(call, fields=(*call.fields, (b"X-Note", secret))),
        "body": replace(call, body=call.body + b" " + secret),
    }[place]
    judgement = classify(carrying, from_rules(*written))
    assert judgement.tier == 4
    if place == "header":
        assert severity(judgement) >= severity(classify(call, from_rules(*written)))


@given(query=st.lists(st.text(string.printable, max_size=300), max_size=3), body=st.binary(max_size=300))
def test_nothing_makes_it_raise(query: list[str], body: bytes) -> None:
    """Any values at all."""
    call = replace(http("POST x.test/", body), query=tuple(("a", value) for value in query))
    assert carried_secret(call) is None or carried_secret(call)
    assert carried_data(call) in (None, "a")
