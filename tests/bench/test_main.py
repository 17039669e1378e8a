"""Tests of the command: wrong use is refused before anything starts."""

import pytest

from tests.bench.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["speed"], "`speed` is not a scenario", id="unknown scenario"),
        pytest.param(["--rounds", "0"], "above 0", id="no rounds"),
        pytest.param(["--seconds", "-1"], "above 0", id="negative length"),
        pytest.param(["--seconds", "30"], "over the bound of 90 s", id="too long"),
        pytest.param(["--out", "/dev/null/x"], "`/dev/null/x` cannot be made", id="no folder"),
        pytest.param(["--goal", "low"], "invalid float", id="not a number"),
        pytest.param(["--subject", "squid"], "invalid choice", id="unknown proxy"),
    ],
)
def test_wrong_use(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 2 and the message says what was wrong."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert said in capsys.readouterr().err
