"""What is one message, and what is none: repeated members, odd ids, batches, carriage returns."""

import json
import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.mcp.message import Failure, Notification, Request, Result, write
from rules.mcp.wire import Malformed, read_answer, read_line, read_message

_CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"x":1}}}'
_EVASIONS = os.environ.get("EVASIONS", "../shared/corpora/mcp-evasions.json")

_MALFORMED = {
    "repeated method": '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}',
    "repeated name, escaped": _CALL.replace('"name"', '"name":"safe","\\u006eame"'),
    "method in capitals beside nothing": '{"jsonrpc":"2.0","id":1,"Method":"tools/call","method":"ping"}',
    "method that only folds": '{"jsonrpc":"2.0","id":1,"Method":"tools/call"}',
    "params with a long s": '{"jsonrpc":"2.0","id":1,"method":"tools/call","param\u017f":{}}',
    "method with a NUL": '{"jsonrpc":"2.0","id":1,"method\\u0000":"tools/call"}',
    "name that only folds": _CALL.replace('"name"', '"Name"'),
    "arguments in full width": _CALL.replace('"arguments"', '"\uff41rguments"'),
    "batch": f"[{_CALL}]",
    "two documents": f"{_CALL}\n{_CALL}",
    "byte order mark": "\ufeff" + _CALL,
    "NaN": _CALL.replace(":1}}", ":NaN}}"),
    "lone surrogate": _CALL.replace(":1}}", ':"\\ud800"}}'),
    "large integer": _CALL.replace(":1}}", ":9007199254740993}}"),
    "deep": _CALL.replace(":1}}", ":" + "[" * 70 + "]" * 70 + "}}"),
    "id null": _CALL.replace('"id":1', '"id":null'),
    "id 1.0": _CALL.replace('"id":1', '"id":1.0'),
    "id true": _CALL.replace('"id":1', '"id":true'),
    "id of any length": _CALL.replace('"id":1', f'"id":"{"x" * 513}"'),
    "no id": _CALL.replace('"id":1,', ""),
    "notification with an id": '{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}',
    "also a result": _CALL[:-1] + ',"result":{}}',
    "nothing": '{"jsonrpc":"2.0","id":1}',
    "result without an id": '{"jsonrpc":"2.0","result":{}}',
    "result that is a list": '{"jsonrpc":"2.0","id":1,"result":[]}',
    "error without a code": '{"jsonrpc":"2.0","id":1,"error":{"message":"x"}}',
    "old version": _CALL.replace('"2.0"', '"1.0"'),
    "no version": _CALL.replace('"jsonrpc":"2.0",', ""),
    "method with a space": _CALL.replace("tools/call", "tools/call "),
    "method that is a number": _CALL.replace('"tools/call"', "7"),
    "params as a list": '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["pay"]}',
    "arguments as text": _CALL.replace('{"x":1}', '"x"'),
    "meta as text": _CALL.replace('"name"', '"_meta":"x","name"'),
    "text": '"tools/call"',
    "empty": "",
}


@pytest.mark.parametrize("text", _MALFORMED.values(), ids=_MALFORMED)
def test_what_has_no_single_reading_is_no_message(text: str) -> None:
    """Each of these is read by some server as something that another one refuses."""
    assert isinstance(read_message(text.encode()), Malformed)


def test_utf_16_is_no_message() -> None:
    """One server decodes whatever the JSON standard once allowed."""
    assert isinstance(read_message(_CALL.encode("utf-16-le")), Malformed)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_CALL, Request(id=1, method="tools/call", params={"name": "pay", "arguments": {"x": 1}})),
        ('{"jsonrpc":"2.0","id":"a","method":"ping"}', Request(id="a", method="ping")),
        ('{"jsonrpc":"2.0","id":0,"method":"ping","params":null}', Request(id=0, method="ping")),
        (
            '{"jsonrpc":"2.0","method":"notifications/initialized"}',
            Notification(method="notifications/initialized"),
        ),
        ('{"jsonrpc":"2.0","id":1,"result":{"a":1}}', Result(id=1, result={"a": 1})),
        (
            '{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}',
            Failure(id=None, code=-1, message="m"),
        ),
        (
            '{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"m","data":[1]}}',
            Failure(id=3, code=-1, message="m", data=[1]),
        ),
    ],
    ids=["call", "text id", "null params", "notification", "result", "error without id", "error"],
)
def test_messages_are_read_and_written(text: str, message: Any) -> None:
    """What is written reads as what was read."""
    assert read_message(text.encode()) == message
    assert read_message(write(message)) == message


def test_what_is_written_is_ascii_on_one_line_with_exact_numbers() -> None:
    """No reader finds a line end in it, and no digit is lost."""
    text = _CALL.replace(":1}}", ':[1.10,1e2,0.1234567890123456789,"a\\r\\nb\u2028\u00e9",null,true]}}')
    message = read_message(text.encode())
    assert not isinstance(message, Malformed)
    written = write(message)
    assert written.isascii()
    assert not {b"\r", b"\n"} & {written[n : n + 1] for n in range(len(written))}
    assert b'[1.10,1E+2,0.1234567890123456789,"a\\r\\nb\\u2028\\u00e9",null,true]' in written


def test_members_that_nobody_knows_do_not_leave() -> None:
    """What was not judged is not sent."""
    message = read_message((_CALL[:-1] + ',"amount":7}').encode())
    assert not isinstance(message, Malformed)
    assert b"amount" not in write(message)


def test_a_line_with_a_carriage_return_in_it_is_no_message() -> None:
    """Two servers end a line there and run what follows."""
    ping = b'{"jsonrpc":"2.0","id":0,"method":"ping"}'
    assert isinstance(read_line(ping + b"\r" + _CALL.encode()), Malformed)
    assert isinstance(read_line(_CALL.encode().replace(b"{", b"{\r", 1)), Malformed)


def test_a_refusal_names_the_id_only_where_it_is_certain() -> None:
    """A client can match the error to its call; a repeated id is nobody's."""
    read = read_message(_CALL.replace("tools/call", "tools/call ").encode())
    assert isinstance(read, Malformed)
    assert read.reply.id == 1
    twice = read_message(_CALL.replace('"id":1', '"id":1,"id":2').encode())
    assert isinstance(twice, Malformed)
    assert twice.reply.id is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"jsonrpc":"2.0","id":1,"result":{"id":9007199254740993}}', Result),
        ('{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}', Result),
        ('{"jsonrpc":"2.0","id":1,"result":{"a":1}}', Result),
        ('{"jsonrpc":"2.0","id":1,"result":{"n":NaN},"Method":"ping"}', Malformed),
        ('{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"n":NaN}}', Malformed),
        ('{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":' + "[" * 900 + "]" * 900 + "}}", Malformed),
        ("starting up ...", Malformed),
    ],
    ids=["large integer", "repeated member", "plain", "also asks", "asks", "deep", "no json"],
)
def test_a_servers_results_are_its_own_word_and_its_requests_are_not(text: str, kind: type) -> None:
    """A result is passed on as it is; what asks the agent for something is read strictly."""
    assert isinstance(read_answer(text.encode()), kind)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_hostile_bytes_never_raise(text: bytes) -> None:
    """Whatever comes, the answer is a value."""
    for read in (read_message(text), read_line(text), read_answer(text)):
        if isinstance(read, Malformed):
            assert isinstance(read_message(write(read.reply)), Failure)


def test_the_recorded_evasions_are_read_as_their_strict_gate_read_them() -> None:
    """Of bodies that ran on five servers, each is refused or has exactly one reading."""
    path = Path(_EVASIONS)
    if not path.is_file():
        pytest.skip(f"there are no recorded evasions at `{path}`: name them in EVASIONS")
    for case in json.loads(path.read_text()):
        read = read_message(b64decode(case["body_b64"]))
        refused = case["strict_gate"].startswith("reject")
        assert isinstance(read, Malformed) is refused, case["case"]
        if isinstance(read, Request) and any("EXEC danger" in seen for seen in case["observed"].values()):
            assert (read.method, read.params["name"]) == ("tools/call", "danger")


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ('{"n":9007199254740993}', True),
        ('{"n":1e999}', True),
        ('{"n":' + "[" * 100 + "]" * 100 + "}", True),
        ('{"n":[' + "1," * 250_000 + "1]}", True),
        ('{"n":1,"n":2}', False),
        ('{"n":NaN}', False),
    ],
    ids=["large", "huge", "deep", "many", "repeated", "not a number"],
)
def test_a_call_with_too_much_of_something_is_known_as_one(arguments: str, call: bool) -> None:
    """An honest client may have sent it; what has two readings, none has."""
    text = f'{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"x","arguments":{arguments}}}}}'
    found = read_message(text.encode())
    assert isinstance(found, Malformed)
    assert found.call is call
    assert found.id == (7 if call else None)
