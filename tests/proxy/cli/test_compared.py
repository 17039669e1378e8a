"""What a person reads of the state before a change."""

from typing import Any

import pytest

from proxy.cli.compared import compared

READ = {
    "subject": "resource",
    "url": "https://x.test/a",
    "unread": None,
    "there": True,
    "etag": None,
    "content": "{}",
    "changes": [{"path": "to\x1b[2J", "before": "5", "after": None}],
}
HEAD = "resource https://x.test/a"

CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing to read": ({"snapshot": None, "drift": []}, []),
    "an older console": ({}, []),
    "not yet": (
        {"snapshot": {"recorded": False, "reads": []}, "drift": []},
        ["", "no snapshot yet: what it would change is being read; without one it will not run"],
    ),
    "altered": (
        {"snapshot": {"integrity": "failed", "integrity_reason": "no"}, "drift": []},
        ["", "the stored snapshot does not open: no"],
    ),
    "diff": (
        {"snapshot": {"recorded": True, "reads": [READ]}, "drift": []},
        [
            "",
            f"{HEAD}: read when it was held; it runs only if that is still the same",
            "it would change:",
            "  to\\x1b[2J: 5 -> (nothing)",
        ],
    ),
    "no diff": (
        {"snapshot": {"recorded": True, "reads": [READ | {"changes": []}]}, "drift": []},
        [
            "",
            f"{HEAD}: read when it was held; it runs only if that is still the same",
            "it would change nothing of that",
        ],
    ),
    "unread": (
        {"snapshot": {"recorded": True, "reads": [READ | {"unread": "too slow"}]}, "drift": []},
        ["", f"no snapshot of {HEAD}: too slow; it will run whatever is there"],
    ),
    "absent": (
        {"snapshot": {"recorded": True, "reads": [READ | {"there": False}]}, "drift": []},
        ["", f"{HEAD}: not there when it was held"],
    ),
    "moved": (
        {
            "snapshot": None,
            "drift": [
                {
                    "subject": "resource",
                    "url": "https://x.test/a",
                    "changes": [{"path": "", "before": "present", "after": None}],
                }
            ],
        },
        [f"changed since it was held, {HEAD}:", "  all of it: present -> (nothing)"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_lines(name: str) -> None:
    """One line for each read and each change; nothing of an upstream acts on the terminal."""
    hold, lines = CASES[name]
    assert list(compared(hold)) == lines
