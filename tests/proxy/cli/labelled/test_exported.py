"""Figures for Prometheus."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from proxy.cli.labelled.exported import write
from proxy.cli.labelled.label import Label
from proxy.cli.labelled.tally import Tally
from rules.verdict import Tier, Verdict


def label(source: str, *, consequential: bool | None) -> Label:
    """The truth of one call."""
    return Label(
        source=source,
        protocol="http",
        consequential=consequential,
        least=Tier.READ_ONLY,
        most=Tier.HIGH_RISK,
        strong=False,
        trap=False,
        task=None,
        injected=False,
    )


def test_each_source(tmp_path: Path) -> None:
    """Shares of what there is, and rows of every kind; what there is none of has no share."""
    tally = Tally()
    verdicts = [
        ("mine", True, Verdict.HOLD),
        ("mine", True, Verdict.PASS),
        ("mine", False, Verdict.PASS),
        ("mine", None, Verdict.HOLD),
        ('od"d\n', True, Verdict.BLOCK),
    ]
    for source, consequential, verdict in verdicts:
        tally.add(label(source, consequential=consequential), verdict)
    path = tmp_path / "eval.prom"
    path.write_text("old")
    write(path, tally, ruleset="f" * 64, at=1000.5)
    families = text_string_to_metric_families(path.read_text())
    found = {
        (s.name.removeprefix("sidegate_eval_"), *s.labels.values()): s.value
        for f in families
        for s in f.samples
    }
    assert found == {
        ("catch_ratio", "mine"): 0.5,
        ("catch_ratio", 'od"d\n'): 1,
        ("false_escalation_ratio", "mine"): 0,
        ("rows", "mine"): 4,
        ("rows", 'od"d\n'): 1,
        ("info", "f" * 64): 1,
        ("timestamp_seconds",): 1000.5,
    }
    assert [each.name for each in tmp_path.iterdir()] == ["eval.prom"]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """It is said by the system's own error."""
    with pytest.raises(OSError, match="No such file"):
        write(tmp_path / "none" / "eval.prom", Tally(), ruleset="f", at=0)
