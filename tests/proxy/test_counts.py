"""Counts over processes: added, gone on with, never lower, and no reason to fail."""

from pathlib import Path

import pytest
from prometheus_client import generate_latest

from proxy.counts import ENDING, Kept, Summed
from proxy.metrics import Metrics
from rules.hold import Event
from tests.proxy.test_metrics import samples


def summed(metrics: Metrics, folder: Path | None) -> dict[str, float]:
    """What a scrape of that process shows."""
    return samples(Summed(metrics.registry, folder))


def ran(folder: Path, slot: str, approvals: int) -> None:
    """One process that counts, and ends."""
    metrics = Metrics()
    kept = Kept(metrics.registry, folder / f"{slot}{ENDING}")
    for _ in range(approvals):
        metrics.transitions.labels(Event.APPROVE).inc()
        metrics.decision_seconds.labels(Event.APPROVE).observe(7)
    kept.save()


APPROVED = "sidegate_hold_transitions_total[('event', 'approve')]"
WAITED = "sidegate_decision_seconds_{}[('decision', 'approve')]"


def test_a_process_alone_shows_its_own(tmp_path: Path) -> None:
    """Without files of others, a scrape is what it would be without us."""
    metrics = Metrics()
    metrics.transitions.labels(Event.APPROVE).inc()
    alone = generate_latest(metrics.registry)
    assert generate_latest(Summed(metrics.registry, None)) == alone
    assert generate_latest(Summed(metrics.registry, tmp_path / "none")) == alone


def test_counts_of_all_processes_are_added(tmp_path: Path) -> None:
    """Counters and histograms, of slots at once and of those that follow one another in a slot."""
    ran(tmp_path, "a-0", 2)
    ran(tmp_path, "a-1", 3)
    ran(tmp_path, "a-0", 5)
    metrics = Metrics()
    metrics.transitions.labels(Event.APPROVE).inc()
    metrics.decision_seconds.labels(Event.APPROVE).observe(7)
    found = summed(metrics, tmp_path)
    assert found[APPROVED] == 11
    assert found[WAITED.format("count")] == 11
    assert found[WAITED.format("sum")] == 77
    bucket = "sidegate_decision_seconds_bucket[('decision', 'approve'), ('le', '{}')]"
    assert (found[bucket.format("5.0")], found[bucket.format("15.0")]) == (0, 11)


def test_nothing_is_lost_before_the_first_count(tmp_path: Path) -> None:
    """A process that has only begun leaves its slot's counts as they are."""
    ran(tmp_path, "a-0", 2)
    ran(tmp_path, "a-0", 0)
    assert summed(Metrics(), tmp_path)[APPROVED] == 2


def test_series_that_only_others_have_are_shown(tmp_path: Path) -> None:
    """A label's value that first came up elsewhere; each series stands once."""
    metrics = Metrics()
    metrics.credential_renewals.labels("bank", "denied").inc()
    Kept(metrics.registry, tmp_path / f"a-0{ENDING}").save()
    text = generate_latest(Summed(Metrics().registry, tmp_path)).decode()
    assert text.count('sidegate_credential_renewals_total{credential="bank",outcome="denied"} 1.0') == 1
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in lines}) == len(lines)


def test_gauges_are_the_sidecars_own(tmp_path: Path) -> None:
    """What stands now is read from the store by whoever is scraped."""
    metrics = Metrics()
    metrics.store_up.set(1)
    Kept(metrics.registry, tmp_path / f"a-0{ENDING}").save()
    assert summed(Metrics(), tmp_path)["sidegate_store_up[]"] == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"counts": 7}', b'{"counts": [[1]]}', b'{"counts": [["a", 7, 1]]}', b"\xff"],
    ids=["empty", "a list", "torn", "no rows", "a short row", "no labels", "no text"],
)
def test_a_file_that_cannot_be_read_counts_nothing(content: bytes, tmp_path: Path) -> None:
    """The scrape goes on, and the next process of the slot begins anew."""
    (tmp_path / f"a-0{ENDING}").write_bytes(content)
    assert summed(Metrics(), tmp_path)[APPROVED] == 0
    ran(tmp_path, "a-0", 2)
    assert summed(Metrics(), tmp_path)[APPROVED] == 2


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """What was counted is written with the next file that can be."""
    metrics = Metrics()
    kept = Kept(metrics.registry, tmp_path / "later" / f"a-0{ENDING}")
    metrics.transitions.labels(Event.APPROVE).inc()
    kept.save()
    (tmp_path / "later").mkdir()
    kept.save()
    assert summed(Metrics(), tmp_path / "later")[APPROVED] == 1


def test_names_that_nobody_exports_are_left_out(tmp_path: Path) -> None:
    """A file of another version adds no series of its own."""
    rows = '{"version": 1, "counts": [["sidegate_gone_total", {}, 3]]}'
    (tmp_path / f"a-0{ENDING}").write_text(rows)
    assert "sidegate_gone_total[]" not in summed(Metrics(), tmp_path)
