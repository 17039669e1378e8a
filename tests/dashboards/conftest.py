"""One Prometheus for all tests of the dashboard, with known numbers in it."""

from collections.abc import Iterator

import pytest
from prometheus_client import generate_latest

from tests.acceptance.processes import until
from tests.dashboards.observed import CAUGHT, fresh, observe
from tests.dashboards.page import served
from tests.dashboards.prometheus import Prometheus, scraping

_SCRAPED_SECONDS = 30.0
_CALM = 10
"""Scrapes before and after the numbers move; a rate needs some on both sides."""


@pytest.fixture(scope="package")
def prometheus() -> Iterator[Prometheus]:
    """A Prometheus that has seen everything in `observed` happen, once."""
    metrics = fresh()
    with served("/metrics", lambda: generate_latest(metrics.registry)) as port, scraping(port) as server:
        _await(server, "count_over_time(sidegate_store_up[5m])", _CALM)
        observe(metrics)
        _await(server, 'sum(sidegate_admissions_total{verdict!="pass"})', CAUGHT)
        scraped = server.value("count_over_time(sidegate_store_up[5m])") or 0.0
        _await(server, "count_over_time(sidegate_store_up[5m])", scraped + _CALM)
        _await(server, "job:sidegate_drills_decided:increase30d", 60)
        yield server


def _await(server: Prometheus, expression: str, least: float) -> None:
    def reached() -> bool:
        value = server.value(expression)
        return value is not None and value >= least

    until(reached, deadline=_SCRAPED_SECONDS, what=f"`{expression}` to reach {least:g}")
