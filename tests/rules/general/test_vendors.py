"""Calls to vendors for whom there is no pack, as their API references describe them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rules.calls import compiled, http, judged

NO_RULES = compiled("")
TABLE = Path(__file__).with_name("vendors.txt")
MOST_HELD = 29


@dataclass(frozen=True, kw_only=True)
class Row:
    """One call. `held`: it is held although it only reads, or does a small thing."""

    vendor: str
    host: str
    tier: int
    request: str
    held: bool

    @property
    def judged(self) -> int:
        """The tier of the call, with no rules and no packs."""
        method, target, *rest = self.request.split(" ", 2)
        body = json.loads(rest[0]) if rest and rest[0][0] in "[{" else rest[0] if rest else None
        return judged(http(f"{method} {self.host}{target}", body), NO_RULES)[0]


def read_rows() -> Iterator[Row]:
    """The rows of the table."""
    vendor = host = ""
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("# "):
            _, vendor, host = line.split()
        elif not line.startswith(";"):
            held = line.startswith("~")
            tier, _, request = line.removeprefix("~").partition(" ")
            yield Row(vendor=vendor, host=host, tier=int(tier), request=request, held=held)


ROWS = list(read_rows())


@pytest.mark.parametrize("vendor", sorted({row.vendor for row in ROWS}))
def test_calls(vendor: str) -> None:
    """Each call gets the tier in the table."""
    wrong = [f"{row.judged}: {row}" for row in ROWS if row.vendor == vendor and row.judged != row.tier]
    assert not wrong, "\n".join(wrong)


def test_few_reads_are_held() -> None:
    """What is held for want of evidence is known, and does not grow."""
    assert sum(row.held for row in ROWS) <= MOST_HELD
    assert all(row.tier > 2 for row in ROWS if row.held)
