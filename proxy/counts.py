"""Counts of processes that nobody scrapes: each keeps its own in a file, and the sidecar's page adds them.

A process has a slot of its own, which the next one goes on with: counters only ever grow, and there are no
more files than processes at once. What a process counts in the last two seconds before a crash is lost.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.registry import Collector

from proxy.data_dir.files import write_secret

logger = logging.getLogger(__name__)

ENDING = ".counts"

_EVERY = 2.0
_ADDED = ("counter", "histogram")
_SINCE = "_created"

type Labels = tuple[tuple[str, str], ...]
type Key = tuple[str, Labels]
type Counts = dict[Key, float]


class Kept:
    """What the processes of one slot have counted, this one and those before it."""

    def __init__(self, registry: Collector, file: Path) -> None:
        self._registry, self._file = registry, file
        self._before = _read(file)
        self._saved = dict(self._before)

    def save(self) -> None:
        """Write it down, if there is anything new."""
        counts = Counter[Key](self._before)
        counts.update(_counted(self._registry.collect()))
        if counts != self._saved:
            rows = [[name, dict(labels), value] for (name, labels), value in counts.items() if value]
            try:
                write_secret(self._file, json.dumps({"version": 1, "counts": rows}).encode())
            except OSError as error:
                # No call waits for its count; it is in the next file that can be written.
                logger.warning("counts.not_saved file=%s why=%s", self._file, error)
            else:
                self._saved = dict(counts)

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            await asyncio.to_thread(self.save)


class Summed(Collector):
    """The instruments of this process, with what the others have counted in `folder`."""

    def __init__(self, registry: Collector, folder: Path | None) -> None:
        self._registry, self._folder = registry, folder

    def collect(self) -> Iterator[Metric]:
        """Every family; gauges are this process's own."""
        others = Counter[Key]()
        for file in sorted(self._folder.glob(f"*{ENDING}")) if self._folder else ():
            others.update(_read(file))
        for family in self._registry.collect():
            yield _with(family, others) if others and family.type in _ADDED else family


def _with(family: Metric, others: Mapping[Key, float]) -> Metric:
    """The same family with theirs, and with series that only they have."""
    both = Metric(family.name, family.documentation, family.type)
    names = {f"{family.name}_total", *(sample.name for sample in family.samples)}
    known = set[Key]()
    for sample in family.samples:
        key = (sample.name, _labels(sample.labels))
        known.add(key)
        value = sample.value + others.get(key, 0.0)
        both.add_sample(sample.name, sample.labels, value, sample.timestamp, sample.exemplar)
    for (name, labels), value in others.items():
        if name in names and (name, labels) not in known:
            both.add_sample(name, dict(labels), value)
    return both


def _counted(families: Iterable[Metric]) -> Counts:
    return {
        (sample.name, _labels(sample.labels)): sample.value
        for family in families
        if family.type in _ADDED
        for sample in family.samples
        if not sample.name.endswith(_SINCE)
    }


def _labels(labels: dict[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def _read(file: Path) -> Counts:
    """What a file holds; one that cannot be read holds nothing, and the log says so."""
    try:
        written = json.loads(file.read_bytes())
        return {(str(name), _labels(labels)): float(value) for name, labels, value in written["counts"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        logger.warning("counts.unreadable file=%s why=%s", file, type(error).__name__)
        return {}
