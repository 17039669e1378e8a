"""Tests of what would run, part by part."""

import gzip
import hashlib
from dataclasses import replace

import pytest

from rules.action import Action
from rules.call import Call, HttpCall
from rules.mcp.action import ToolAction
from rules.normalize import normalize
from rules.review.part import Part, parts, unseen
from tests.rules.calls import http, message, tool
from tests.rules.review.held import bound

LINE = "POST bank.example/transfers"


def found(call: Call) -> dict[str, Part]:
    """The parts of a call, by name."""
    return {part.name: part for part in parts(bound(call), call)}


UNCLEAR: dict[str, tuple[Call, dict[str, str]]] = {
    "plain": (http(LINE, {"amount": 5}), {}),
    "no body": (http("DELETE bank.example/x"), {}),
    "bytes": (http(LINE, b"\xff\xfe"), {"body": "it is not utf-8 text"}),
    "300 KB": (http(LINE, {"memo": "x" * 300_000}), {"body": "only its beginning"}),
    "bidi": (http(LINE, b'"\xe2\x80\xae"'), {"body": "nobody sees"}),
    "bidi behind an escape": (http(LINE, {"to": "\u202etset"}), {"body": "nobody sees"}),
    "tags": (http(LINE, {"memo": "ok\U000e0061"}), {"body": "nobody sees"}),
    "a nul": (http(LINE, b"a\x00b"), {"body": "nobody sees"}),
    "a long target": (http(f"{LINE}?q={'x' * 400}"), {"target": "only its beginning"}),
    "a long header": (http(LINE, headers={"X-A": "y" * 700}), {"headers": "only its beginning"}),
    "an old header": (http(LINE, headers={"X-A": "caf\xe9"}), {}),
    "a tool": (tool("bank", "pay", amount=5), {}),
    "a tool with much": (tool("bank", "pay", memo="x" * 2000), {"arguments": "only its beginning"}),
    "a tool that hides": (tool("bank", "pay", memo="\u200b"), {"arguments": "nobody sees"}),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_has_to_be_opened(case: str) -> None:
    """What cannot be decoded, is cut or hides something; nothing else."""
    call, expected = UNCLEAR[case]
    unclear = {name: part.unclear for name, part in found(call).items() if part.unclear}
    assert unclear.keys() == expected.keys()
    assert all(words in unclear[name] for name, words in expected.items())


@pytest.mark.parametrize("case", UNCLEAR)
def test_until_it_was_seen(case: str) -> None:
    """Each by the hash of its exact bytes; another hash opens nothing."""
    call, expected = UNCLEAR[case]
    all_parts = parts(bound(call), call)
    assert unseen(all_parts, frozenset()) == list(expected)
    assert unseen(all_parts, frozenset({"0" * 64})) == list(expected)
    seen = frozenset(hashlib.sha256(part.content).hexdigest() for part in all_parts)
    assert unseen(all_parts, seen) == []


def test_every_byte_is_there() -> None:
    """Target, headers and body of the action, as they will be sent."""
    call = http(f"{LINE}?a=b", {"amount": 5}, headers={"X-A": "1"})
    action = bound(call)
    assert isinstance(action, Action)
    held = found(call)
    assert held["target"].content == b"/transfers?a=b"
    assert held["headers"].content == b"".join(b"%b: %b\n" % field for field in action.fields)
    assert held["body"].content == action.body


def test_the_headers_of_a_tool_call() -> None:
    """What goes with it over HTTP is a part as well."""
    call = tool("bank", "pay", amount=5)
    action = bound(call)
    assert isinstance(action, ToolAction)
    carried = parts(replace(action, fields=((b"x-team", b"a"),)), call)
    assert (carried[0].name, carried[0].content) == ("headers", b"x-team: a\n")
    assert [part.name for part in parts(action, call)] == ["arguments"]


def test_an_encoded_body_is_shown_decoded_as_well() -> None:
    """The bytes that run, and what they say."""
    raw = message(LINE, gzip.compress(b'{"amount": 5}'), headers={"Content-Encoding": "gzip"})
    kept = tuple(field for field in raw.fields if field[0] != b"Content-Type")
    call = normalize(replace(raw, fields=(*kept, (b"Content-Type", b"application/json"))))
    assert isinstance(call, HttpCall)
    held = found(call)
    assert held["decoded"].content == b'{"amount": 5}'
    assert held["body"].unclear
