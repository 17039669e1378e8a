"""Scenario `stream`: memory of the proxy during a large download, delay of server-sent events."""

import re
import ssl
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.bench import Bench, say
from tests.bench.load import RECEIVE_BYTES, Route, WrongAnswer, connect, get_request
from tests.bench.origin import EVENT_COUNT
from tests.bench.procfs import refreshed, usage_of
from tests.bench.report import Goal, Section
from tests.bench.targets import Target
from tests.bench.upstream import BIG_BYTES

MEGABYTE = 1024**2
DOWNLOAD_SECONDS = 60.0
SAMPLE_BYTES = 4 * MEGABYTE
STREAMS = 5
GROWTH_GOAL_MB = 64.0
FIRST_EVENT_GOAL_MS = 20.0
CLOSED = b"(closed)"
EVENT = re.compile(rb"data: (\d+)\n\n")

HEADER = (
    "way", "download MB/s", "RSS before MB", "RSS peak MB", "growth MB", "first event ms",
    "min..max", "event lag ms", "max",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A large answer, read and thrown away, with the proxy's memory before and at its highest."""

    seconds: float
    rss_before: int
    rss_peak: int

    @property
    def growth_mb(self) -> float:
        """How much the proxy's memory grew at most."""
        return (self.rss_peak - self.rss_before) / MEGABYTE

    @property
    def speed(self) -> float:
        """MB per second."""
        return BIG_BYTES / MEGABYTE / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """One stream of timed events: request to first event, and each event's time on the way."""

    first_ms: float
    lags_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What was seen on one way to the upstream."""

    name: str
    download: Download
    streams: tuple[Events, ...]

    @property
    def firsts(self) -> list[float]:
        """Time to the first event of every stream."""
        return [stream.first_ms for stream in self.streams]

    @property
    def lags(self) -> list[float]:
        """Lag of every event of every stream."""
        return [lag for stream in self.streams for lag in stream.lags_ms]


def run(bench: Bench) -> Section:
    """Time the events turn by turn, direct and through the subject, then download through each."""
    with bench.start_subject() as subject:
        direct_events, subject_events = [], []
        for number in range(STREAMS):
            direct_events.append(_hear_events(bench.route(None, events=True)))
            subject_events.append(_hear_events(bench.route(subject, events=True)))
            first = subject_events[-1].first_ms
            say(f"stream: {number + 1} of {STREAMS}: first event after {first:.2f} ms")
        ways = [
            Way(name=name, download=_download(bench, target), streams=tuple(streams))
            for name, target, streams in (
                ("direct", None, direct_events),
                (f"{subject.name} {subject.version}", subject, subject_events),
            )
        ]
    return section(*ways)


def section(direct: Way, subject: Way) -> Section:
    """Put both ways into a table and hold the subject against its goals."""
    growth = subject.download.growth_mb
    later = statistics.median(subject.firsts) - statistics.median(direct.firsts)
    return Section(
        name="stream",
        title=f"Download of {BIG_BYTES // MEGABYTE} MB, and {STREAMS} streams of {EVENT_COUNT} "
        "server-sent events (each on a new connection)",
        header=HEADER,
        rows=(_row(direct, has_memory=False), _row(subject, has_memory=True)),
        notes=("the direct download shows the limit of client and upstream, which share a core",),
        goals=(
            Goal(
                text=f"memory growth {growth:.1f} MB in a download of {BIG_BYTES // MEGABYTE} MB "
                f"(goal {GROWTH_GOAL_MB:.0f})",
                met=growth < GROWTH_GOAL_MB,
            ),
            Goal(
                text=f"first event {later:.2f} ms later than direct (goal {FIRST_EVENT_GOAL_MS:.0f})",
                met=later <= FIRST_EVENT_GOAL_MS,
            ),
        ),
        data={
            "growth_mb": growth,
            "download_mb_per_second": subject.download.speed,
            "direct_download_mb_per_second": direct.download.speed,
            "first_event_ms": subject.firsts,
            "direct_first_event_ms": direct.firsts,
            "event_lag_ms": subject.lags,
            "direct_event_lag_ms": direct.lags,
        },
    )


def _row(way: Way, *, has_memory: bool) -> tuple[str, ...]:
    download = way.download
    memory = (
        f"{download.rss_before / MEGABYTE:.1f}",
        f"{download.rss_peak / MEGABYTE:.1f}",
        f"{download.growth_mb:.1f}",
    )
    return (
        way.name,
        f"{download.speed:,.0f}",
        *(memory if has_memory else ("-", "-", "-")),
        f"{statistics.median(way.firsts):.2f}",
        f"{min(way.firsts):.2f}..{max(way.firsts):.2f}",
        f"{statistics.median(way.lags):.2f}",
        f"{max(way.lags):.2f}",
    )


def _hear_events(route: Route) -> Events:
    """Read one stream to its end. Server and client share the machine's monotonic clock."""
    with connect(route) as connection:
        asked_at = time.monotonic_ns()
        connection.sendall(get_request("/events", route.port))
        heard = b""
        arrivals: list[int] = []
        while len(arrivals) < EVENT_COUNT:
            heard += connection.recv(RECEIVE_BYTES) or CLOSED
            _check_events(heard)
            now = time.monotonic_ns()
            arrivals += [now] * (len(EVENT.findall(heard)) - len(arrivals))
    sent = [int(stamp) for stamp in EVENT.findall(heard)]
    lags = [(arrival - stamp) / 1e6 for arrival, stamp in zip(arrivals, sent, strict=True)]
    return Events(first_ms=(arrivals[0] - asked_at) / 1e6, lags_ms=tuple(lags))


def _check_events(heard: bytes) -> None:
    if not heard.startswith(b"HTTP/1.1 200 ") or heard.endswith(CLOSED):
        raise WrongAnswer(f"not a stream of {EVENT_COUNT} events: {heard[:300]!r}")


def _download(bench: Bench, target: Target | None) -> Download:
    """Read the large answer; the proxy's memory is looked at every few megabytes."""
    family = target.family() if target else ()
    before = peak = usage_of(family).rss_bytes

    def sample() -> None:
        nonlocal peak
        peak = max(peak, usage_of(refreshed(family)).rss_bytes)

    started = time.perf_counter()
    _read_big(bench.route(target), sample)
    seconds = time.perf_counter() - started
    sample()
    say(f"stream: {BIG_BYTES // MEGABYTE} MB in {seconds:.1f} s")
    return Download(seconds=seconds, rss_before=before, rss_peak=peak)


def _read_big(route: Route, sample: Callable[[], None]) -> None:
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    with connect(route) as connection:
        connection.settimeout(DOWNLOAD_SECONDS)
        connection.sendall(get_request("/big", route.port))
        left = BIG_BYTES - len(_first_of_big(connection))
        next_sample = left - SAMPLE_BYTES
        buffer = memoryview(bytearray(RECEIVE_BYTES))
        while left > 0:
            received = connection.recv_into(buffer)
            if not received or time.monotonic() > deadline:
                raise WrongAnswer(f"the download ended early or took too long: {left} bytes left")
            left -= received
            if left < next_sample:
                next_sample = left - SAMPLE_BYTES
                sample()
    if left:
        raise WrongAnswer(f"{-left} bytes too many in the download")


def _first_of_big(connection: ssl.SSLSocket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        received = connection.recv(RECEIVE_BYTES)
        if not received:
            raise WrongAnswer(f"the download was closed after {answer[:300]!r}")
        answer += received
    head, _, body = answer.partition(b"\r\n\r\n")
    length = b"\r\ncontent-length: %d\r\n" % BIG_BYTES
    if not head.startswith(b"HTTP/1.1 200 ") or length not in head.lower() + b"\r\n":
        raise WrongAnswer(f"not a 200 with {BIG_BYTES} bytes: {head[:300]!r}")
    return body
