"""The figures of the last `sidegate eval`, served beside the sidecar's own: read anew at each scrape."""

import logging
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

_MOST_BYTES = 256 * 1024
_OURS = "sidegate_eval_"


class Evaluated(Collector):
    """What stands in one file; where it is missing or no such file, nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def collect(self) -> Iterator[Metric]:
        """The gauges of `sidegate eval`, and nothing else that the file may hold."""
        try:
            with self._path.open("rb") as stream:
                content = stream.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise ValueError("it is too long")
            found = list(text_string_to_metric_families(content.decode()))
        except (OSError, ValueError) as error:
            logger.warning("eval.metrics_unread why=%s", type(error).__name__)
            return
        seen = set[str]()
        for family in found:
            if family.name.startswith(_OURS) and family.type == "gauge" and family.name not in seen:
                seen.add(family.name)
                yield family
