"""Scenario `large`: how long small calls wait while another client sends large bodies without pause."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tests.bench.bench import Bench, say
from tests.bench.load import Route, ask, connect, get_request, post_request
from tests.bench.report import Goal, Json, Section, percentile

SMALL_GAP_SECONDS = 0.02
SECONDS = 3.0
P99_GOAL_MS = 50.0
MEGABYTE = 1024**2

HEADER = ("beside the small calls", "sent MB", "p50 ms", "p99 ms", "max ms", "small", "large", "large s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the other client sends again and again."""

    name: str
    body: bytes
    encoded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What the small calls saw beside a load: every answer was right."""

    name: str
    sent_bytes: int
    """Of one large body."""
    latencies: tuple[float, ...]
    """Seconds from the moment at which a small call was due to its answer."""
    large_seconds: tuple[float, ...]
    """How long each large call took."""

    def ms(self, share: float) -> float:
        """The latency that this share of the small calls stayed within, in milliseconds."""
        return 1e3 * percentile(self.latencies, share)


def run(bench: Bench) -> Section:
    """Small calls alone, then beside each load, all through the subject; then both directly."""
    loads = list(_loads())
    with bench.start_subject() as subject:
        route = bench.route(subject)
        alone = _wait(bench, route, Load(name="nothing", body=b""), large_seconds=[])
        waits = [alone, *(_beside(bench, route, load) for load in loads)]
    direct = _beside(bench, bench.route(None), replace(loads[0], name=f"{loads[0].name}, both direct"))
    return section(waits, direct)


def section(waits: list[Wait], direct: Wait) -> Section:
    """Put what was seen into a table; the worst p99 beside a load is held against the goal."""
    worst = max(waits[1:], key=lambda wait: wait.ms(0.99))
    return Section(
        name="large",
        title="Small GETs, one every "
        f"{SMALL_GAP_SECONDS * 1e3:.0f} ms, while another client sends large bodies without pause",
        header=HEADER,
        rows=tuple(_row(wait) for wait in (*waits, direct)),
        notes=("a call that was due while another one waited counts as waiting too",),
        goals=(
            Goal(
                text=f"p99 {worst.ms(0.99):.1f} ms of small calls beside {worst.name} "
                f"(goal {P99_GOAL_MS:.0f})",
                met=worst.ms(0.99) <= P99_GOAL_MS,
            ),
        ),
        data={wait.name: _data(wait) for wait in (*waits, direct)},
    )


def paced(call: Callable[[], None], *, gap: float, seconds: float) -> tuple[float, ...]:
    """Make a call every `gap` seconds; return for each the time from when it was due to its answer.

    A call that is due while another one waits gets its answer together with that one: this is what many
    clients would see, and a long wait counts as often as it would hurt.
    """
    latencies = list[float]()
    started = due = time.perf_counter()
    while due < started + seconds:
        time.sleep(max(0.0, due - time.perf_counter()))
        call()
        answered = time.perf_counter()
        while due <= answered:
            latencies.append(answered - due)
            due += gap
    return tuple(latencies)


def _loads() -> Iterator[Load]:
    """Bodies near the gate's bounds: by bytes, by number of values, by depth, by what they decode to."""
    record = {"id": 1234567, "state": "ready", "price": 12.5, "note": "n" * 300}
    plain = json.dumps([record] * 26_000).encode()
    dense = json.dumps([{"Ä": 1, "b": 2.5}] * 60_000).encode()
    yield Load(name="records", body=plain)
    yield Load(name="records in gzip", body=gzip.compress(plain), encoded=True)
    yield Load(name="many values", body=dense)
    yield Load(name="many values in gzip", body=gzip.compress(dense), encoded=True)
    yield Load(name="depth", body=b"[" * (4 * MEGABYTE) + b"]" * (4 * MEGABYTE))
    yield Load(name="one text", body=json.dumps({"text": "n\n" * (3 * MEGABYTE)}).encode())


def _beside(bench: Bench, route: Route, load: Load) -> Wait:
    with _sending(bench, route, load) as large_seconds:
        return _wait(bench, route, load, large_seconds=large_seconds)


def _wait(bench: Bench, route: Route, load: Load, *, large_seconds: list[float]) -> Wait:
    request, item = get_request("/item", route.port), bench.upstream.item
    with connect(route) as connection:
        ask(connection, request, item=item)
        latencies = paced(lambda: ask(connection, request, item=item), gap=SMALL_GAP_SECONDS, seconds=SECONDS)
    wait = Wait(
        name=load.name,
        sent_bytes=len(load.body),
        latencies=latencies,
        large_seconds=tuple(large_seconds),
    )
    say(f"large: beside {load.name}: p50 {wait.ms(0.5):.1f} ms, p99 {wait.ms(0.99):.1f} ms")
    return wait


@contextmanager
def _sending(bench: Bench, route: Route, load: Load) -> Iterator[list[float]]:
    """Send the load without pause; the list grows by the seconds of each call. It has one from the start."""
    fields = ["content-encoding: gzip"] if load.encoded else []
    request = post_request("/item", route.port, body=load.body, fields=fields)
    stop, seconds = threading.Event(), list[float]()

    with connect(route) as connection, ThreadPoolExecutor(1) as pool:
        connection.settimeout(60.0)

        def send() -> None:
            while not stop.is_set() or not seconds:
                started = time.perf_counter()
                ask(connection, request, item=bench.upstream.item)
                seconds.append(time.perf_counter() - started)

        sending: Future[None] = pool.submit(send)
        try:
            yield seconds
        finally:
            stop.set()
        sending.result()


def _row(wait: Wait) -> tuple[str, ...]:
    large = wait.large_seconds
    return (
        wait.name,
        f"{wait.sent_bytes / MEGABYTE:.1f}",
        f"{wait.ms(0.5):.1f}",
        f"{wait.ms(0.99):.1f}",
        f"{wait.ms(1):.1f}",
        f"{len(wait.latencies):,}",
        f"{len(large):,}",
        f"{sum(large) / len(large):.3f}" if large else "-",
    )


def _data(wait: Wait) -> Mapping[str, Json]:
    return {
        "p50_ms": wait.ms(0.5),
        "p99_ms": wait.ms(0.99),
        "max_ms": wait.ms(1),
        "small_calls": len(wait.latencies),
        "large_calls": len(wait.large_seconds),
    }
