"""Tests of a hold as a person reads it."""

import pytest

from proxy.cli.shown import span, table


@pytest.mark.parametrize(
    ("until", "text"),
    [
        ("2026-11-01T12:00:00+00:00", "0s"),
        ("2026-11-01T11:00:00+00:00", "0s"),
        ("2026-11-01T12:00:59.9+00:00", "59s"),
        ("2026-11-01T12:01:59+00:00", "119s"),
        ("2026-11-01T12:02:00+00:00", "2m"),
        ("2026-11-01T13:59:59+00:00", "119m"),
        ("2026-11-01T14:00:00+00:00", "2h"),
        ("2026-11-03T12:00:00+00:00", "2d"),
        ("2026-11-01T14:00:10+02:00", "10s"),
    ],
)
def test_spans(until: str, text: str) -> None:
    """Times are told in whole units, never below zero."""
    assert span("2026-11-01T12:00:00+00:00", until) == text


def test_hostile_states_and_ids() -> None:
    """Even what only our own console writes is spelled out."""
    hold = {
        "hold_id": "\x1b[2J",
        "tier": 4,
        "state": "\u202e",
        "integrity": "ok",
        "method": "G\x00T",
        "url": "http://x/\x07",
        "created_at": "2026-11-01T12:00:00+00:00",
        "decide_by": "2026-11-01T12:00:00+00:00",
    }
    line = table([hold], now="2026-11-01T12:00:00+00:00").splitlines()[1]
    assert line.split() == ["\\x1b[2J", "4", "\\u{202e}", "0s", "-", "G\\x00T", "http://x/\\x07"]
