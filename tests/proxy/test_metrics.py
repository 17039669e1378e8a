"""The instruments: bounded labels, and two sets of them in one process."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from proxy.metrics import Metrics

BOUNDED = {"tier", "verdict", "reason_id", "state", "event", "decision", "disposition"}


def samples(registry: CollectorRegistry) -> dict[str, float]:
    """All samples by name and labels."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {f"{s.name}{sorted(s.labels.items())}": s.value for family in families for s in family.samples}


def test_every_instrument_is_registered() -> None:
    """What the code counts is what a scrape shows, each with a sentence of help."""
    metrics = Metrics()
    families = list(metrics.registry.collect())
    instruments = {value._name for name, value in vars(metrics).items() if name != "registry"}
    assert {family.name for family in families} == instruments
    assert all(family.name.startswith("sidegate_") for family in families)
    assert all(family.documentation for family in families)


def test_labels_are_bounded() -> None:
    """Every label takes one of a few values: never an id, a host, a path or a person."""
    metrics = Metrics()
    for name, instrument in vars(metrics).items():
        if name != "registry":
            assert set(instrument._labelnames) <= BOUNDED, name


def test_two_sets_do_not_share_a_number() -> None:
    """Each process, and each test, counts for itself."""
    one, two = Metrics(), Metrics()
    one.retries_joined.inc()
    assert samples(one.registry)["sidegate_retries_joined_total[]"] == 1
    assert samples(two.registry)["sidegate_retries_joined_total[]"] == 0


@pytest.mark.parametrize("seconds", [0.5, 60, 1800, 100_000])
def test_decisions_have_buckets_where_people_answer(seconds: float) -> None:
    """From a second to a day; the half-hour window is an edge of its own."""
    metrics = Metrics()
    metrics.decision_seconds.labels("approve").observe(seconds)
    found = samples(metrics.registry)
    below = found["sidegate_decision_seconds_bucket[('decision', 'approve'), ('le', '1800.0')]"]
    assert below == (1 if seconds <= 1800 else 0)
