"""Tests of mcp: what is held against which goal, and that calls take turns."""

import json
from functools import partial

import pytest

from tests.bench.echo import answer
from tests.bench.mcp import Way, in_turns, section


def made_ways(carrier: str, **milliseconds: float) -> list[Way]:
    """Return one way for each name, every call of which took so long."""
    return [
        Way(carrier=carrier, name=name, latencies=(each / 1e3,) * 10) for name, each in milliseconds.items()
    ]


@pytest.mark.parametrize(
    ("ways", "met"),
    [
        pytest.param(made_ways("stdio", direct=0.5, sidegate=1.4), True, id="stdio within"),
        pytest.param(made_ways("stdio", direct=0.5, sidegate=1.6), False, id="stdio beyond"),
        pytest.param(made_ways("HTTP", direct=0.1, mitmdump=3.0, sidegate=3.4), True, id="HTTP within"),
        pytest.param(made_ways("HTTP", direct=0.1, mitmdump=3.0, sidegate=3.6), False, id="HTTP beyond"),
    ],
)
def test_goals(ways: list[Way], met: bool) -> None:
    """Over stdio against the bare server, over HTTP against what mitmdump adds."""
    assert [goal.met for goal in section(ways).goals] == [met]


def test_every_carrier_has_its_own_goal() -> None:
    """What is direct on one is no measure for another."""
    ways = [
        *made_ways("stdio", direct=5.0, sidegate=5.5),
        *made_ways("HTTP", direct=0.1, mitmdump=1.0, sidegate=4.0),
    ]
    assert [goal.met for goal in section(ways).goals] == [True, False]


def test_calls_take_turns() -> None:
    """Each way has as many calls, and each is first as often."""
    made = list[str]()
    taken = in_turns({name: partial(made.append, name) for name in "abc"}, count=3)
    assert {name: len(seconds) for name, seconds in taken.items()} == {"a": 3, "b": 3, "c": 3}
    assert "".join(made) == "abcbcacab"


def test_the_server_says_the_same() -> None:
    """And nothing to a notification."""
    call = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"arguments": {"text": "x"}}}
    said = json.loads(answer(json.dumps(call).encode()) or b"")
    assert (said["id"], said["result"]["content"][0]["text"]) == (3, "x")
    assert answer(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}') is None
