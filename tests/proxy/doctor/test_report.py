"""Findings for people and for programs."""

import json

from proxy.doctor.finding import doubt, fault, ok
from proxy.doctor.report import as_json, as_table, faults

FOUND = [
    ok("one", "all is well"),
    doubt("second", "who knows\x1b[2J", "look"),
    fault("3", "it is broken", "mend it"),
]


def test_a_table() -> None:
    """Each with its cure below; what others wrote cannot act on the terminal."""
    assert as_table(FOUND).splitlines() == [
        "ok     one     all is well",
        "doubt  second  who knows\\x1b[2J",
        "               -> look",
        "fault  3       it is broken",
        "               -> mend it",
        "",
        "1 ok, 1 doubt, 1 fault",
    ]


def test_json() -> None:
    """The same, and how many are wrong."""
    told = json.loads(as_json(FOUND))
    assert told["faults"] == 1
    assert told["findings"][2] == {"check": "3", "level": "fault", "said": "it is broken", "cure": "mend it"}


def test_what_counts() -> None:
    """Doubts count where they are asked to."""
    assert (faults(FOUND), faults(FOUND, strict=True), faults(FOUND[:1], strict=True)) == (1, 2, 0)
