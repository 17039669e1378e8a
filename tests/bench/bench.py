"""What every scenario is given: upstreams, cores, settings, and a way to run a proxy."""

import sys
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load import Route
from tests.bench.processes import Cores
from tests.bench.targets import Target, running
from tests.bench.upstream import Upstream

YARDSTICK = "mitmdump"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line asked for."""

    subject: str
    """The kind of proxy that is judged; mitmdump is always the yardstick."""
    rounds: int
    seconds: float
    connections: int
    goal: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One run of the benchmark."""

    folder: Path
    upstream: Upstream
    cores: Cores
    settings: Settings

    def start_yardstick(self) -> AbstractContextManager[Target]:
        """Run plain mitmdump."""
        return self._start(YARDSTICK, YARDSTICK)

    def start_subject(self) -> AbstractContextManager[Target]:
        """Run the proxy that is judged."""
        kind = self.settings.subject
        return self._start(kind, f"{kind} (as subject)" if kind == YARDSTICK else kind)

    def route(self, target: Target | None, *, events: bool = False) -> Route:
        """Return the way through `target` (None: direct) to the item server or the event server."""
        return Route(
            port=self.upstream.events_port if events else self.upstream.port,
            proxy_port=target.port if target else None,
            certificate=self.upstream.certificate,
        )

    def _start(self, kind: str, name: str) -> AbstractContextManager[Target]:
        folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self.folder))
        return running(kind, self.upstream, folder=folder, core=self.cores.proxy, name=name)


def say(message: str) -> None:
    """Tell the person who waits how far the run is."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
