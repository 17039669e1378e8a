"""Everything that a day needs: a sidecar with its store and its upstream, and a Prometheus with our rules."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.acceptance.authority import Authority
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream
from tests.dashboards.prometheus import Prometheus, scraping
from tests.dashboards.rules.files import RULES
from tests.day.store import RedisServer

WINDOW = 25
"""Seconds in which a hold is decided, or expires."""

_WAIT_SECONDS = 60.0
_FOR = "2s"

RULES_FILE = """
version: 1
rules:
  - {id: pay, match: {host: localhost, method: POST, path: /v1/transfers}, tier: 4, category: financial}
  - {id: note, match: {host: localhost, method: POST, path: /v1/notes}, tier: 3}
  - {id: draft, match: {host: localhost, method: POST, path: /v1/drafts}, tier: 2}
  - {id: fail, match: {host: localhost, method: POST, path: "/status/**"}, tier: 3}
  - {id: break, match: {host: localhost, method: POST, path: /close}, tier: 3}
  - {id: wipe, match: {host: localhost, method: POST, path: /v1/wipe}, tier: 4, forbidden: true}
  - {id: change, match: {host: localhost, method: POST, path: /v1/changing}, tier: 3}
"""
STRICTER = RULES_FILE.replace("/v1/changing}, tier: 3}", "/v1/changing}, tier: 4, forbidden: true}")

_CONFIG = f"""
version: 1
destinations: {{allow: [localhost]}}
windows: {{grace_tier_3: 0, grace_tier_4: 0, decision: {WINDOW}}}
new_holds: {{most: 100000}}
drills: {{rate: 0.2, most_open: 5}}
pass_audit: {{rate: 0.05}}
review: {{eval_metrics: FILE}}
audit: {{assessed: {datetime.now(UTC).date()}, sinks: [{{name: stream, kind: redis}}]}}
"""
_CHANCES = {
    "SIDEGATE__DRILLS__RATE": "0.2",
    "SIDEGATE__DRILLS__WITHIN": "0",
    "SIDEGATE__PASS_AUDIT__RATE": "0.05",
}
_LABELLED = [
    {
        "id": number,
        "source": "own",
        "protocol": "mcp",
        "request": {"server": "files", "tool": tool, "arguments": {"path": "/x"}},
        "label": {"consequential": tier > 1, "tier_min": tier, "tier_max": tier, "strength": "strong"},
    }
    for number, (tool, tier) in enumerate({"delete": 4, "read": 1}.items())
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All of it, running."""

    sidecar: Sidecar
    upstream: Upstream
    store: RedisServer
    prometheus: Prometheus

    def write_rules(self, text: str) -> None:
        """Give the sidecar another rules file, as an editor does."""
        file = self.sidecar.folder / "rules.yaml"
        draft = file.with_suffix(".new")
        draft.write_text(text)
        draft.replace(file)

    def load_rules(self, text: str) -> None:
        """The same, of a file without a fault: wait until it is in force."""
        loaded = self.sidecar.metric("sidegate_rules_loaded_total", outcome="loaded")
        self.write_rules(text)
        until(
            lambda: self.sidecar.metric("sidegate_rules_loaded_total", outcome="loaded") > loaded,
            deadline=_WAIT_SECONDS,
            what="the rules to be loaded",
        )

    def fires(self, alert: str) -> None:
        """Wait until an alert has fired."""
        asked = f'max_over_time(ALERTS{{alertname="{alert}", alertstate="firing"}}[1h])'
        self.reached(asked, 1, what=f"`{alert}` to fire")

    def reached(self, expression: str, least: float, *, what: str) -> None:
        """Wait until Prometheus says so."""

        def so() -> bool:
            value = self.prometheus.value(expression)
            return value is not None and value >= least

        until(so, deadline=_WAIT_SECONDS, what=what)


@contextmanager
def staged() -> Iterator[Stage]:
    """A stage on which nothing has happened, and of which Prometheus has seen that."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sidegate-day-")))
        authority = Authority.create(folder)
        upstream = stack.enter_context(Upstream(authority.issue()))
        store = RedisServer(folder)
        stack.callback(store.stop)
        store.start()
        evaluated = folder / "eval.prom"
        config = _CONFIG.replace("FILE", str(evaluated))
        environment = _CHANCES | {"REDIS_URL": store.url}
        sidecar = stack.enter_context(
            Sidecar(upstream_ca=authority.ca, rules=RULES_FILE, config=config, environment=environment)
        )
        (folder / "calls.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in _LABELLED))
        done = sidecar.cli("eval", str(folder / "calls.jsonl"), "--metrics", str(evaluated))
        assert done.returncode == 0, done.stderr
        port = int(sidecar.console.rpartition(":")[2])
        rules = [_quicker(file, folder) for file in RULES]
        prometheus = stack.enter_context(scraping(port, rules=rules, interval="1s"))
        stage = Stage(sidecar=sidecar, upstream=upstream, store=store, prometheus=prometheus)
        stage.reached("count_over_time(sidegate_store_up[5m])", 2, what="prometheus to scrape")
        yield stage


def _quicker(file: Path, folder: Path) -> Path:
    """The rules as they are, but that an alert needs less patience: the day is a short one.

    What takes two minutes or more stays: Prometheus itself has just begun to look.
    """
    copy = folder / file.name
    copy.write_text(file.read_text().replace(" for: 1m\n", f" for: {_FOR}\n"))
    return copy
