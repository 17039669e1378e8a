"""One server's command; `test_file` tries the changes whole."""

import pytest

from proxy.cli.clients.entry import Entry, Unfit, changed


def _entry(command: str, *args: str) -> Entry:
    return Entry(path=("s",), command=command, args=args, command_at=(0, 0), args_at=(0, 0), args_name="")


def test_only_the_gate_is_taken_for_the_gate() -> None:
    """By program and words."""
    assert _entry("/usr/bin/sidegate", "mcp", "--", "x", "y").own == ("x", ("y",))
    for other in (_entry("sidegate", "serve"), _entry("other", "mcp", "--", "x"), _entry("sidegate", "mcp")):
        assert not other.wrapped


def test_a_gate_before_nothing_is_said() -> None:
    """Nothing could be restored."""
    with pytest.raises(Unfit, match="by hand"):
        _ = _entry("sidegate", "mcp", "--").own


def test_changes_keep_their_places() -> None:
    """Whatever their order."""
    assert changed("abcdef", [(0, 1, "xyz"), (4, 5, ""), (2, 2, "-")]) == "xyzb-cdf"
