"""Mutated requests: the same for the same number, of every kind, and a cut at every byte."""

from collections import defaultdict

import pytest

from tests.garden.mutations import Operation, mutate
from tests.garden.seeds import LAST, SEEDS, Place, Seed

PLAIN = Place(port=40000)
TUNNEL = Place(port=40000, tunnel=True)
PERIOD = 16 * len(SEEDS) * 16


@pytest.mark.parametrize("place", [PLAIN, TUNNEL], ids=["plain", "tunnel"])
def test_a_number_is_the_same_bytes_every_time(place: Place) -> None:
    """So that whatever was found can be sent again; another seed gives other bytes."""
    first, again = ([mutate(1, n, place) for n in range(500)] for _ in range(2))
    assert first == again
    assert first != [mutate(2, n, place) for n in range(500)]


def test_another_port_changes_nothing_else() -> None:
    """The servers of a later run listen elsewhere."""
    for number in range(500):
        here, there = (mutate(1, number, Place(port=port)) for port in (40000, 50000))
        assert (here.operation, here.requests) == (there.operation, there.requests)
        assert sum(map(len, here.segments)) == sum(map(len, there.segments))


def test_every_operation_meets_every_seed() -> None:
    """Within one period of the numbers; each request has its number in its target."""
    met = defaultdict(set)
    for number in range(PERIOD):
        mutated = mutate(1, number, PLAIN)
        met[mutated.operation].add(number // 16 % (len(SEEDS) * 16))
        if mutated.operation is Operation.SPLIT:
            assert b"/g/%09d" % number in b"".join(mutated.segments)
    assert {operation: len(seeds) for operation, seeds in met.items()} == dict.fromkeys(
        Operation, len(SEEDS) * 16
    )


@pytest.mark.parametrize("operation", [Operation.SPLIT, Operation.CUT])
def test_every_byte_is_a_place_to_cut(operation: Operation) -> None:
    """Going on from number to number, the cut goes through the whole request."""
    kind = next(k for k in range(16) if mutate(1, k, PLAIN).operation is operation)
    turns = range(0, 400 * len(SEEDS), len(SEEDS))
    cuts = {len(m.segments[0]) for turn in turns if not (m := mutate(1, turn * 16 + kind, PLAIN)).last}
    cuts |= {len(mutate(1, turn * 16 + kind, PLAIN).segments[0]) for turn in turns}
    whole = len(SEEDS[0](PLAIN, b"0" * 9))
    assert set(range(whole)) <= cuts


@pytest.mark.parametrize("seed", [*dict.fromkeys(SEEDS), *LAST], ids=lambda seed: seed.__name__)
def test_seeds_are_requests(seed: Seed) -> None:
    """They begin with a request line to their place, and end where they say."""
    text = seed(PLAIN, b"000000007")
    line, _, rest = text.partition(b"\r\n")
    assert b"localhost:40000" in line
    head, blank, body = rest.partition(b"\r\n\r\n")
    assert blank
    assert b"Host: localhost:40000" in head
    if b"Content-Length: " in head and seed.__name__ != "pipelined":
        assert len(body) == int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
