"""Scenario `review`: the console's list over ten thousand open holds, filtered, and while more come."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from tests.bench.bench import Bench, say
from tests.bench.crowded_console import HOSTS
from tests.bench.load import WrongAnswer
from tests.bench.processes import on_core
from tests.bench.report import Goal, Section, percentile
from tests.proxy.console.world import TOKENS

HOLDS = 10_000
VIEWS = 20
ADDED = 250
PER_SECOND = 50
SECONDS_GOAL = 0.3
LAG_GOAL = 1.0
HEADER = ("view", "median ms", "p95 ms", "holds found")
_WAITING = re.compile(r'data-waiting="(\d+)"')
_SETTLED_SECONDS = 60.0
_EVENTS_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One list, and the seconds to its first byte."""

    name: str
    seconds: tuple[float, ...]
    found: int


VIEWED = {
    "all that is open": "/holds",
    "by tier": "/holds?tier=4",
    "by host": "/holds?host=host7.example",
    "by text": "/holds?text=payee+123",
}


def run(bench: Bench) -> Section:
    """Look at a full console, then keep looking while holds come."""
    with _console(bench) as (browser, add):
        _await_settled(browser)
        views = [_view(browser, name, path) for name, path in VIEWED.items()]
        return section(views, _lag(browser, add))


def section(views: list[View], lag: float) -> Section:
    """Put the views into a table. `lag`: seconds from the last new hold until a page has counted them all."""
    slowest = max(percentile(view.seconds, 0.95) for view in views)
    return Section(
        name="review",
        title=f"The console's list over {HOLDS:,} open holds: first byte of {VIEWS} views each",
        header=HEADER,
        rows=tuple(
            (
                view.name,
                f"{percentile(view.seconds, 0.5) * 1000:.0f}",
                f"{percentile(view.seconds, 0.95) * 1000:.0f}",
                str(view.found),
            )
            for view in views
        ),
        notes=(f"{ADDED} more at {PER_SECOND}/s: all counted on a live page {lag:.2f} s after the last",),
        goals=(
            Goal(
                text=f"{slowest * 1000:.0f} ms to the first byte of a list or filter, p95 of the slowest "
                f"(goal {SECONDS_GOAL * 1000:.0f})",
                met=slowest <= SECONDS_GOAL,
            ),
            Goal(
                text=f"{lag:.2f} s behind {PER_SECOND} new holds a second (goal {LAG_GOAL:.0f})",
                met=lag <= LAG_GOAL,
            ),
        ),
        data={"slowest": slowest, "lag": lag},
    )


@contextmanager
def _console(bench: Bench) -> Iterator[tuple[httpx2.Client, Callable[[float], None]]]:
    say(f"review: a console with {HOLDS:,} open holds")
    command = [sys.executable, "-m", "tests.bench.crowded_console", str(HOLDS)]
    with (
        on_core(bench.cores.proxy),
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as console,
    ):
        assert console.stdin is not None
        assert console.stdout is not None
        told = console.stdin

        def add(after: float) -> None:
            told.write(f"{after}\n")
            told.flush()

        with on_core(bench.cores.load):
            url = json.loads(console.stdout.readline())["url"]
            with httpx2.Client(base_url=url, timeout=_SETTLED_SECONDS) as browser:
                browser.post("/login", data={"token": TOKENS["ada"], "next": "/holds"})
                yield browser, add
        told.close()
        console.wait(_SETTLED_SECONDS)


def _await_settled(browser: httpx2.Client) -> None:
    """Until a filter finds nothing left to open: the first after a start has it all to do."""
    end = time.monotonic() + _SETTLED_SECONDS
    while _timed(browser, VIEWED["by text"])[0] > SECONDS_GOAL / 2:
        if time.monotonic() > end:
            return  # the figures will say so


def _timed(browser: httpx2.Client, path: str) -> tuple[float, str]:
    """Seconds to the first byte of the body, and the page."""
    start = time.perf_counter()
    with browser.stream("GET", path) as response:
        parts = response.iter_text()
        page = next(parts)
        seconds = time.perf_counter() - start
        page += "".join(parts)
    if response.status_code != httpx2.codes.OK or 'id="list"' not in page:
        raise WrongAnswer(f"`{path}` answered {response.status_code} without a list")
    return seconds, page


def _view(browser: httpx2.Client, name: str, path: str) -> View:
    timed = [_timed(browser, path) for _ in range(VIEWS)]
    found = timed[0][1].count('class="hold ')
    if not found:
        raise WrongAnswer(f"`{path}` found nothing among {HOLDS} holds to {HOSTS} hosts")
    return View(name=name, seconds=tuple(seconds for seconds, _ in timed), found=found)


def _lag(browser: httpx2.Client, add: Callable[[float], None]) -> float:
    """Seconds from the last new hold until a page that renews itself, as a browser's does, has counted it."""
    before, done = _waiting(browser), threading.Event()
    last = 0.0

    def adding() -> None:
        nonlocal last
        for _ in range(ADDED):
            add(0.0)
            time.sleep(1 / PER_SECOND)
        last = time.monotonic()
        done.set()

    with browser.stream("GET", "/events", timeout=_EVENTS_SECONDS) as events:
        adder = threading.Thread(target=adding)
        adder.start()
        for line in events.iter_lines():
            if line.startswith("event: ") and _waiting(browser) == before + ADDED and done.wait(0):
                break
        adder.join()
        return time.monotonic() - last


def _waiting(browser: httpx2.Client) -> int:
    """How many holds the list says need a person."""
    found = _WAITING.search(_timed(browser, "/holds/list")[1])
    if found is None:
        raise WrongAnswer("the list does not say how many holds need a person")
    return int(found[1])
