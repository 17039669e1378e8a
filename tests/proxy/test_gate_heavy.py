"""Requests that take long to judge: beside the loop, with the same outcome."""

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import ClassVar

import pytest

from addons.exchange import Passage, Request
from proxy.gate import Gate
from rules.call import Call
from rules.ruleset import Rule, Ruleset
from tests.proxy.gatehouse import NOW, Gatehouse, hold_id, request, ruleset

LARGE = json.dumps({"amount": 7, "items": ["x" * 100] * 200}).encode()
GZIP = (b"Content-Encoding", b"gzip")


class Watched(Ruleset):
    """Rules that note in which threads they are asked about a call."""

    threads: ClassVar[set[int]] = set()

    def candidates(self, call: Call) -> Iterator[Rule]:
        """Note the thread."""
        self.threads.add(threading.get_ident())
        return super().candidates(call)


def watched(gate: Gate) -> tuple[Gate, set[int]]:
    """The gate, and the threads in which it asks its rules."""
    rules = ruleset()
    noting = Watched(**{each.name: getattr(rules, each.name) for each in fields(rules) if each.init})
    Watched.threads.clear()
    return replace(gate, ruleset=lambda: noting), Watched.threads


HEAVY = {
    "large": request("POST", "/drafts", body=LARGE),
    "compressed, of any size": request("POST", "/drafts", fields=(GZIP,), body=gzip.compress(LARGE)),
    "compressed in a way that is not known": request(
        "POST", "/drafts", fields=((b"Content-Encoding", b"br"),), body=b"x"
    ),
}


@pytest.mark.parametrize("case", HEAVY)
async def test_heavy_requests_leave_the_loop_alone(house: Gatehouse, case: str) -> None:
    """They are not judged on the spot, and not in the loop's thread."""
    gate, threads = watched(house.gate)
    assert gate.at_once(HEAVY[case]) is None
    assert isinstance(await gate.admit(HEAVY[case]), Passage)
    assert threads
    assert threading.get_ident() not in threads


async def test_light_requests_take_no_detour(house: Gatehouse) -> None:
    """A thread for each would cost more than the judgement."""
    gate, threads = watched(house.gate)
    assert isinstance(await gate.admit(request("POST", "/drafts")), Passage)
    assert isinstance(gate.at_once(request("GET", "/v1/things")), Passage)
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("fields", [NOW, (*NOW, GZIP)], ids=["large", "compressed"])
async def test_a_heavy_request_is_held_like_any_other(
    house: Gatehouse, fields: tuple[tuple[bytes, bytes], ...]
) -> None:
    """Its hold is recorded, and its retry joins it."""
    body = gzip.compress(LARGE, mtime=0) if GZIP in fields else LARGE
    heavy: Request = request("POST", "/pay/1", fields=fields, body=body)
    first = hold_id(await house.admit(heavy))
    assert hold_id(await house.admit(heavy)) == first
    [hold] = await house.store.list()
    assert hold.hold_id == first
