"""A proxy under measurement: how each kind is started, what it has used, and its clean end."""

import importlib.metadata
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.echo import PATHS
from tests.bench.processes import HOST, ROOT, spawned, wait_for_port
from tests.bench.procfs import ProcessStat, Usage, family_of, refreshed, usage_of
from tests.bench.upstream import Upstream
from tests.ports import free_ports

BINARIES = Path(sys.executable).parent
ORPHAN_SECONDS = 10.0

ECHO_RULE = """\
  - id: echo
    match: {server: "*", tool: echo}
    tier: 1
    evidence: it says the same
"""
RULES = f"""\
version: 1
rules:
  - id: items
    match: {{host: {HOST}, method: POST, path: /item}}
    tier: 2
    reason: the upstream of the benchmark keeps nothing
{ECHO_RULE}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a proxy is given: its own empty folder, two free ports and the upstreams to trust."""

    folder: Path
    port: int
    console_port: int
    upstream: Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running proxy."""

    name: str
    version: str
    port: int
    pid: int
    folder: Path

    def family(self) -> tuple[ProcessStat, ...]:
        """Return the proxy's processes as they are now, the embedded store among them."""
        return family_of(self.pid, self.folder)

    def usage(self) -> Usage:
        """Return CPU and memory used so far."""
        return usage_of(self.family())


def mitmdump_command(place: Place) -> list[str]:
    """Return plain mitmdump: default options apart from port, trust and a folder of its own."""
    return [
        str(BINARIES / "mitmdump"),
        *("--listen-host", "127.0.0.1", "--listen-port", str(place.port)),
        *("--set", f"confdir={place.folder}"),
        *("--set", f"ssl_verify_upstream_trusted_ca={place.upstream.ca_file}"),
    ]


def sidegate_command(place: Place) -> list[str]:
    """Return Sidegate with an embedded store and only the run's upstreams opened on loopback."""
    config = place.folder / "config.yaml"
    upstream = place.upstream
    ports = (upstream.port, upstream.events_port, upstream.echo_port)
    allowed = ", ".join(f'"{HOST}:{port}"' for port in ports)
    servers = ", ".join(
        f'{{name: "{path}", url: "https://{HOST}:{upstream.echo_port}{path}", trust: first-use}}'
        for path in PATHS.values()
    )
    config.write_text(f"version: 1\ndestinations: {{allow: [{allowed}]}}\nmcp_servers: [{servers}]\n")
    rules = place.folder / "rules.yaml"
    rules.write_text(RULES)
    return [
        *(sys.executable, str(ROOT / "sidegate.py")),  # this checkout, whatever is installed
        *("serve", "--listen", f"127.0.0.1:{place.port}"),
        *("--console", f"127.0.0.1:{place.console_port}"),
        *("--data-dir", str(place.folder / "data"), "--config", str(config)),
        *("--rules", str(rules)),
        *("--upstream-ca", str(upstream.ca_file)),
    ]


KINDS: dict[str, Callable[[Place], list[str]]] = {
    "mitmdump": mitmdump_command,
    "sidegate": sidegate_command,
}
PACKAGES = {"mitmdump": "mitmproxy", "sidegate": "sidegate"}


@contextmanager
def running(kind: str, upstream: Upstream, *, folder: Path, core: int, name: str) -> Iterator[Target]:
    """Run a proxy of this kind in an empty `folder` on one core; nothing of it is left after."""
    port, console_port = free_ports(2)
    place = Place(folder=folder, port=port, console_port=console_port, upstream=upstream)
    family: tuple[ProcessStat, ...] = ()
    try:
        with spawned(KINDS[kind](place), folder=folder, log="output.log", core=core) as process:
            target = Target(name=name, version=_version(kind), port=port, pid=process.pid, folder=folder)
            try:
                wait_for_port(port, process, log=folder / "output.log")
                yield target
            finally:
                family = target.family()
    finally:
        end_orphans(family)


def end_orphans(family: tuple[ProcessStat, ...]) -> None:
    """End what outlived its proxy: an embedded store is built to."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        for member in refreshed(family):
            with suppress(ProcessLookupError):
                os.kill(member.pid, ending)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while refreshed(family) and time.monotonic() < deadline:
            time.sleep(0.05)


def _version(kind: str) -> str:
    try:
        return importlib.metadata.version(PACKAGES[kind])
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
