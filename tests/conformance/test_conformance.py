"""How two runs of the suite are compared."""

import pytest

from tests.conformance import __main__ as command
from tests.conformance.__main__ import differences


@pytest.mark.parametrize(
    ("direct", "through", "found"),
    [
        (["✓ a: 1 passed"], ["✓ a: 1 passed"], []),
        (["✓ a: 2 passed"], ["✗ a: 1 passed"], ["direct:  ✓ a: 2 passed", "through: ✗ a: 1 passed"]),
        (["✓ a: 1 passed"], [], ["direct:  ✓ a: 1 passed"]),
        ([], ["✓ b: 1 passed"], ["through: ✓ b: 1 passed"]),
    ],
    ids=["same", "count", "missing", "more"],
)
def test_lines_have_to_be_the_same(direct: list[str], through: list[str], found: list[str]) -> None:
    """With their counts."""
    assert differences(direct, through) == found


@pytest.mark.parametrize(
    ("lines", "code"), [(["✓ a: 1 passed"], 0), ([], 1)], ids=["the same", "a suite that says nothing"]
)
def test_the_command_ends_with_what_was_found(
    lines: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing at all is no success."""
    monkeypatch.setattr(command, "client_command", lambda *, through: [str(through)])
    monkeypatch.setattr("tests.conformance.suite.client_side", lambda *_, **__: lines)
    assert command.main(["--side", "client"]) == code
    assert "0 lines differ" in capsys.readouterr().out
