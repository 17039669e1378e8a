"""The bar on standard error."""

import pytest

from proxy.cli.labelled.progress import Progress


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is drawn once for each percent, and taken away."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = Progress(1000)
    for _ in range(1000):
        progress.advance(1)
    progress.clear()
    written = capsys.readouterr().err
    assert written.count("%") == 101
    assert "[####################                    ]  50 %" in written
    assert written.endswith(f"\r{'':<48}\r")


def test_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written where no terminal is."""
    progress = Progress(0)
    progress.advance(5)
    progress.clear()
    assert capsys.readouterr().err == ""
