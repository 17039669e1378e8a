"""The figures of `sidegate eval` as the sidecar serves them."""

from pathlib import Path

import pytest
from prometheus_client.exposition import generate_latest

from proxy.metrics import EvalMetrics, Metrics
from proxy.quality.evaluated import Evaluated


def served(path: Path) -> str:
    """A scrape."""
    metrics = Metrics()
    metrics.registry.register(Evaluated(path))
    return generate_latest(metrics.registry).decode()


def test_what_was_measured_is_served_anew(tmp_path: Path) -> None:
    """As it stands at each scrape."""
    path, figures = tmp_path / "eval.prom", EvalMetrics()
    figures.catch_ratio.labels("mine").set(0.75)
    path.write_bytes(generate_latest(figures.registry))
    assert 'sidegate_eval_catch_ratio{corpus="mine"} 0.75' in served(path)
    figures.catch_ratio.labels("mine").set(0.5)
    path.write_bytes(generate_latest(figures.registry))
    assert 'sidegate_eval_catch_ratio{corpus="mine"} 0.5' in served(path)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"\xff\xfe",
        b"sidegate_eval_rows{corpus=\n",
        b"# TYPE sidegate_holds gauge\nsidegate_holds 7\n",
        b"# TYPE sidegate_eval_rows counter\nsidegate_eval_rows_total 7\n",
        b"#" * 300_000,
    ],
    ids=["missing", "no text", "broken", "another's", "no gauge", "long"],
)
def test_what_is_no_such_file(tmp_path: Path, content: bytes | None) -> None:
    """The sidecar's own series are served all the same, and nothing takes their place."""
    path = tmp_path / "eval.prom"
    if content is not None:
        path.write_bytes(content)
    text = served(path)
    assert "sidegate_eval" not in text
    assert "sidegate_store_up 0.0" in text
    assert "sidegate_holds 7" not in text
