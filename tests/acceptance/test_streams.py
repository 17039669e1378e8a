"""Large downloads and event streams pass as if the sidecar were not there."""

import hashlib
import os
import subprocess
import time
from itertools import pairwise
from pathlib import Path

from tests.acceptance.answers import deterministic_chunks
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

MEGABYTE = 1 << 20
GIGABYTE = 1 << 30
SECONDS = int(os.environ.get("STREAM_SECONDS") or 20)


def test_a_gigabyte_passes_in_constant_memory(sidecar: Sidecar, upstream: Upstream) -> None:
    """1 GB arrives whole while the sidecar's memory grows by less than 64 MB."""
    _download(sidecar, upstream, size=MEGABYTE)
    before = sidecar.memory()
    peak = before
    process = _curl(sidecar, upstream.url(f"/stream/{GIGABYTE}"))
    digest = hashlib.sha256()
    assert process.stdout is not None
    while chunk := process.stdout.read(8 * MEGABYTE):
        digest.update(chunk)
        peak = max(peak, sidecar.memory())
    process.stdout.close()
    assert process.wait(10) == 0
    assert peak - before < 64 * MEGABYTE
    expected = hashlib.sha256()
    for piece in deterministic_chunks(GIGABYTE):
        expected.update(piece)
    assert digest.digest() == expected.digest()


def test_a_stream_of_events(sidecar: Sidecar, upstream: Upstream) -> None:
    """Each event arrives when it is sent, for as long as they come, in constant memory."""
    before = sidecar.memory()
    process = _curl(sidecar, upstream.url(f"/events?n={4 * SECONDS + 1}&interval=0.25"))
    assert process.stdout is not None
    started = time.monotonic()
    arrivals = [time.monotonic() - started for line in process.stdout if line.startswith(b"data:")]
    process.stdout.close()
    assert process.wait(10) == 0
    assert sidecar.memory() - before < 64 * MEGABYTE
    assert len(arrivals) == 4 * SECONDS + 1
    assert arrivals[0] < 1.5, "the first event waited for others"
    assert arrivals[-1] > SECONDS - 1
    assert max(late - early for early, late in pairwise(arrivals)) < 3, "events were gathered"


def test_a_client_that_leaves_frees_its_upstream(sidecar: Sidecar, upstream: Upstream) -> None:
    """When the client of an endless stream goes, the upstream's connection is closed too."""
    with _curl(sidecar, upstream.url("/events?n=100000&interval=0.05")) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        assert _established(upstream.port) == 1
        process.kill()
    until(lambda: _established(upstream.port) == 0, deadline=10, what="the upstream to be left")


def _established(port: int) -> int:
    """How many connections to `port` on loopback are open, by the kernel's own table."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def _download(sidecar: Sidecar, upstream: Upstream, *, size: int) -> None:
    process = _curl(sidecar, upstream.url(f"/stream/{size}"))
    body, _ = process.communicate(timeout=30)
    assert len(body) == size


def _curl(sidecar: Sidecar, url: str) -> subprocess.Popen[bytes]:
    command = ["curl", "-q", "-sS", "-N", "--http1.1", "--proxy", sidecar.proxy]
    command += ["--cacert", str(sidecar.ca_bundle), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE)
