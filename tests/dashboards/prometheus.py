"""A real Prometheus on loopback that scrapes one page several times a second."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.acceptance.processes import until
from tests.dashboards.rules.files import RULES
from tests.ports import free_ports

_CURE = "install it with `apt-get install prometheus`"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_ASK_SECONDS = 10.0

_CONFIG = """\
global: {{scrape_interval: {interval}, evaluation_interval: 1s}}
rule_files: {rules}
scrape_configs:
  - job_name: sidegate
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of an answer; `values` in the order of `times`."""

    labels: dict[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A server that is ready."""

    url: str

    def instant(self, expression: str) -> list[Series]:
        """What the expression is now. Raises AssertionError with the server's complaint."""
        found = self._ask("query", {"query": expression})
        return [_series(each["metric"], [each["value"]]) for each in found]

    def line(self, expression: str, *, seconds: float) -> list[Series]:
        """What the expression was in the last seconds."""
        now = time.time()
        asked = {"query": expression, "start": now - seconds, "end": now, "step": 0.5}
        return [_series(each["metric"], each["values"]) for each in self._ask("query_range", asked)]

    def value(self, expression: str) -> float | None:
        """The one value that the expression is now, if it has one."""
        found = self.instant(expression)
        return found[0].values[0] if found else None

    def _ask(self, what: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
        with httpx2.Client(trust_env=False, timeout=_ASK_SECONDS) as client:
            answer = client.get(f"{self.url}/api/v1/{what}", params=asked).json()
        assert answer["status"] == "success", f"{asked['query']}: {answer.get('error')}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


def tool(name: str) -> str:
    """The path of a program of Prometheus; its absence fails with the cure."""
    path = shutil.which(name)
    assert path is not None, f"there is no `{name}` on PATH: {_CURE}"
    return path


@contextmanager
def scraping(port: int, *, rules: Sequence[Path] = RULES, interval: str = "200ms") -> Iterator[Prometheus]:
    """A server that scrapes 127.0.0.1:`port`; it and its data are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sidegate-prometheus-") as name:
        folder = Path(name)
        named = json.dumps([str(file) for file in rules])
        (folder / "prometheus.yml").write_text(_CONFIG.format(port=port, interval=interval, rules=named))
        (own,) = free_ports(1)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    tool("prometheus"),
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{own}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            server = Prometheus(url=f"http://127.0.0.1:{own}")
            until(
                lambda: _ready(server.url),
                deadline=_START_SECONDS,
                what="prometheus to be ready",
                also=(folder / "log").read_text,
            )
            yield server
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ready(url: str) -> bool:
    try:
        answer = httpx2.get(f"{url}/-/ready", timeout=_ASK_SECONDS, trust_env=False)
    except httpx2.HTTPError:
        return False
    return answer.status_code == 200


def _series(labels: dict[str, str], points: list[tuple[float, str]]) -> Series:
    times, values = zip(*points, strict=True)
    return Series(labels=labels, times=times, values=tuple(map(float, values)))
