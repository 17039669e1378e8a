"""Where values stand, and calls with one of them changed."""

from dataclasses import replace

import pytest

from rules.action import Action, Principal
from rules.call import Call, HttpCall
from rules.drill.places import Path, leaves, name_of, rewritten
from rules.mcp.action import ToolAction
from rules.normalize import normalize
from rules.request.strict_json import Json
from tests.proxy.console.pages.browser import posting
from tests.proxy.console.world import ACTION

FORM = replace(
    ACTION,
    fields=((b"Host", b"bank.example"), (b"Content-Type", b"application/x-www-form-urlencoded")),
)


def read(action: Action) -> HttpCall:
    """The call that it is."""
    call = normalize(action.message())
    assert isinstance(call, HttpCall), call
    return call


def test_every_value_and_its_member() -> None:
    """Also in lists, whose member is that of the list; deep ones and very many are left."""
    call = read(posting(b'{"to": ["a", {"email": "b"}], "amount": 7, "none": null, "empty": []}'))
    found = leaves(call)
    assert found == [(("to", 0), "a"), (("to", 1, "email"), "b"), (("amount",), 7), (("none",), None)]
    assert [name_of(path) for path, _ in found] == ["to", "email", "amount", "none"]
    assert len(leaves(read(posting(b"[" + b",".join([b"1"] * 5000) + b"]")))) == 2000
    assert leaves(read(posting(b'{"a":' * 20 + b"1" + b"}" * 20))) == []


@pytest.mark.parametrize(
    ("body", "path", "value", "expected"),
    [
        (b'{"amount": 7, "to": "ann"}', ("amount",), 70, b'{"amount": 70, "to": "ann"}'),
        (b'{ "to" : "ann" }', ("to",), "bo", b'{ "to" : "bo" }'),
        (b'{"a": 7, "amount": 7}', ("amount",), 70, b'{"a": 7, "amount": 70}'),
        (b'{"amount": 7, "n": 77}', ("amount",), 70, b'{"amount": 70, "n": 77}'),
        (b'{"to": "caf\\u00e9"}', ("to",), "bo", b'{"to": "bo"}'),
        (b'{"to": "caf\\u00E9"}', ("to",), "bo", b'{"to":"bo"}'),
        (b'{"l": [{"x": 1}, {"x": 2}]}', ("l", 1, "x"), 3, b'{"l": [{"x": 1}, {"x": 3}]}'),
    ],
)
def test_json_in_its_agents_spelling(body: bytes, path: Path, value: Json, expected: bytes) -> None:
    """Where the value is found as we would spell it; else in ours. Nothing else is changed in either."""
    action = posting(body)
    changed = rewritten(action, read(action), path, value)
    assert changed == replace(action, body=expected)


@pytest.mark.parametrize(
    ("body", "path", "value", "expected"),
    [
        (b"amount=7&to=acct+1", ("to",), "acct 2", b"amount=7&to=acct+2"),
        (b"amount=7&amount=7", ("amount",), "70", None),
        (b"to=%61nn", ("to",), "bo", None),
    ],
)
def test_forms(body: bytes, path: Path, value: Json, expected: bytes | None) -> None:
    """Only where the pair is written as usual and stands there once."""
    action = replace(FORM, body=body)
    call = read(action)
    changed = rewritten(action, call, path, value) if body != b"amount=7&amount=7" else None
    assert (None if changed is None else changed.body) == expected


def test_the_length_fits() -> None:
    """And a compressed body is left alone."""
    action = posting(b'{"amount": 7}')
    framed = replace(action, fields=(*action.fields, (b"Content-Length", b"13")))
    changed = rewritten(framed, read(framed), ("amount",), 7000)
    assert changed is not None
    assert dict(changed.fields)[b"Content-Length"] == b"16"
    packed = replace(action, fields=(*action.fields, (b"Content-Encoding", b"gzip")))
    assert rewritten(packed, read(action), ("amount",), 7000) is None


def test_tools() -> None:
    """Arguments are members like any other."""
    action = ToolAction(
        server="s", place="p", tool="pay", body=b'{"amount":7}', principal=Principal(agent="a")
    )
    call: Call = action.call
    assert leaves(call) == [(("amount",), 7)]
    changed = rewritten(action, call, ("amount",), 70)
    assert changed == replace(action, body=b'{"amount":70}')
