"""Audit records that a test gives to a sink."""

from collections.abc import Sequence
from pathlib import Path

from proxy.audit.following import Line
from rules.audit.record import read
from tests.rules.audit.chains import chain


def lines(count: int = 5) -> Sequence[Line]:
    """So many records of one chain."""
    return [Line(read(text), text, Path("serve/000000000001.jsonl"), 0) for text in chain(count)]
