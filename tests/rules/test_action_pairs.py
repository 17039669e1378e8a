"""Many pairs of actions: no two different ones share a digest, and only retries share a fingerprint.

DIGEST_PAIRS says how many pairs; `make deep` takes a million.
"""

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rules.action import Action, Principal, bind, fingerprint
from rules.call import HttpCall
from rules.message import Message
from rules.normalize import normalize

PAIRS = int(os.environ.get("DIGEST_PAIRS", "5000"))
PRINCIPAL = Principal(agent="agent-7", session="s1")
KEY = bytes(range(32))
_ALPHABET = 'ab/0 \u00e9"\\\n:,{}[]%&='


def _word(dice: random.Random) -> str:
    return "".join(dice.choices(_ALPHABET, k=dice.randrange(4)))


def _changed(dice: random.Random, action: Action) -> Action:
    """Another action: bytes moved over a border between two parts, or one part drawn anew."""
    word = _word(dice)
    raw = word.encode()
    fields = action.fields
    changes: list[Callable[[], dict[str, Any]]] = [
        lambda: {"method": action.method + "X"},
        lambda: {"scheme": "http"},
        lambda: {"host": action.host + "x"},
        lambda: {"port": action.port + 1 + dice.randrange(9)},
        lambda: {"target": action.target + word},
        lambda: {"body": action.body + raw},
        lambda: {"body": raw},
        lambda: {"target": action.target + action.body.decode(), "body": b""},
        lambda: {"fields": (*fields, (b"x-" + raw, raw))},
        lambda: {"fields": tuple((n + v[:1], v[1:]) for n, v in fields)},
        lambda: {"fields": fields[::-1]},
        lambda: {"fields": fields + fields},
        lambda: {"credentials": (*action.credentials, word)},
        lambda: {"principal": replace(action.principal, human=word)},
        lambda: {"principal": replace(action.principal, agent="", session=action.principal.agent)},
    ]
    return replace(action, **dice.choice(changes)())


def _drawn(dice: random.Random) -> Action:
    return Action(
        method=dice.choice(("POST", "PUT")),
        scheme="https",
        host=dice.choice(("a.test", "b.test")),
        port=443,
        target="/" + _word(dice),
        fields=tuple((b"x-" + _word(dice).encode(), _word(dice).encode()) for _ in range(dice.randrange(3))),
        body=_word(dice).encode(),
        principal=PRINCIPAL,
    )


def test_no_two_actions_share_a_digest() -> None:
    """Each pair differs in little; in all that was drawn, a digest stands for one action."""
    dice, known = random.Random(20_261_123), dict[bytes, int]()
    for _ in range(PAIRS):
        one = _drawn(dice)
        for action in (one, _changed(dice, one)):
            # Hashed, because a million pairs of whole actions would not fit into memory.
            assert known.setdefault(bytes.fromhex(action.digest), hash(action)) == hash(action)


def _value(dice: random.Random, depth: int = 2) -> Any:
    kind = dice.randrange(7 if depth else 5)
    match kind:
        case 0:
            return dice.choice((None, True, False))
        case 1:
            return dice.choice((0, 1, -1, 100, 2**53 - 1, 1 - 2**53))
        case 2:
            return Decimal(dice.choice(("0.1", "1.0", "10E-1", "-2.25", "1E+2", "0.10000000000000001")))
        case 3 | 4:
            return _word(dice)
        case 5:
            return [_value(dice, depth - 1) for _ in range(dice.randrange(3))]
        case _:
            names = dice.sample(("a", "b", "é", "a b"), k=dice.randrange(3))
            return {name: _value(dice, depth - 1) for name in names}


def _meaning(value: Any) -> Any:
    """What readers of JSON take `value` to be: numbers by kind and value, members in no order."""
    if isinstance(value, dict):
        return ("object", frozenset((name, _meaning(member)) for name, member in value.items()))
    if isinstance(value, list):
        return ("array", tuple(map(_meaning, value)))
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    return (type(value).__name__, Decimal(value))


def _written(dice: random.Random, value: Any) -> str:
    """`value` as some client might write it: other orders, white space and escapes."""
    space = dice.choice(("", " ", "\n\t"))
    if isinstance(value, dict):
        members = [f"{_written(dice, n)}{space}:{space}{_written(dice, v)}" for n, v in value.items()]
        dice.shuffle(members)
        return "{" + f",{space}".join(members) + "}"
    if isinstance(value, list):
        return "[" + f"{space},".join(_written(dice, item) for item in value) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=dice.random() < 0.5)


def _call(text: str) -> HttpCall:
    message = Message(
        scheme="https",
        host="a.test",
        port=443,
        sni="a.test",
        method=b"POST",
        target=b"/pay",
        fields=((b"Host", b"a.test"), (b"Content-Type", b"application/json")),
        body=text.encode(),
    )
    call = normalize(message)
    assert isinstance(call, HttpCall), text
    return call


def _fingerprint(text: str) -> str:
    call = _call(text)
    return fingerprint(bind(call, PRINCIPAL, credentials=frozenset()), call, KEY)


def test_a_fingerprint_is_of_the_meaning() -> None:
    """However a retry writes its JSON it joins; no other meaning does, in all that was drawn."""
    dice, known = random.Random(5_081), dict[str, Any]()
    for _ in range(PAIRS // 10):
        value = [_value(dice)]
        one, again = (_fingerprint(_written(dice, value)) for _ in range(2))
        assert one == again
        assert known.setdefault(one, _meaning(value)) == _meaning(value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a":1,"b":2}', '{ "b": 2, "a": 1 }', True),
        ('{"a":"\\u00e9"}', '{"a":"é"}', True),
        ('{"a":1}', '{"a":"1"}', False),
        ('{"a":[1,2]}', '{"a":[2,1]}', False),
        ('{"a":1.0}', '{"a":10E-1}', True),
        ('{"a":1}', '{"a":1.0}', False),  # some readers take one for an id and the other for an amount
        ('{"a":"é"}', '{"a":"e\\u0301"}', False),
        ('{"a":null}', "{}", False),
        ('{"a":0.1}', '{"a":0.10000000000000001}', False),
    ],
)
def test_what_is_the_same(one: str, other: str, same: bool) -> None:
    """Order, white space and escapes are writing; kinds, orders of lists and all digits are meaning."""
    assert (_fingerprint(one) == _fingerprint(other)) is same
