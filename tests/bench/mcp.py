"""Scenario `mcp`: how much longer a tool call takes that passes, over stdio and over HTTP beside mitmdump."""

import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from tests.bench.bench import YARDSTICK, Bench, say
from tests.bench.echo import PATHS, VERSION, answer
from tests.bench.load import RECEIVE_BYTES, WrongAnswer, ask, connect, post_request
from tests.bench.processes import ROOT, on_core
from tests.bench.procfs import ProcessStat, family_of
from tests.bench.report import Goal, Json, Section, percentile
from tests.bench.targets import ECHO_RULE, end_orphans

STDIO_GOAL_MS = 1.0
HTTP_GOAL_MS = 0.5
CALLS = 1500
WARM_UP = 100

HEADER = ("way", "calls", "p50 ms", "p99 ms", "max ms", "added p50 ms", "added p99 ms")

_TEXT = "n" * 200
_RULES = f"version: 1\nrules:\n{ECHO_RULE}"

type Call = Callable[[], None]
"""One tool call from its first byte to the last of its right answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How long each call took on one way, in seconds; `carrier` tells which ways belong together."""

    carrier: str
    name: str
    latencies: tuple[float, ...]

    def ms(self, share: float) -> float:
        """The latency that this share of the calls stayed within, in milliseconds."""
        return 1e3 * percentile(self.latencies, share)


def run(bench: Bench) -> Section:
    """Call by call in turns: each carrier direct and through, all servers alive all the time."""
    ways = list[Way]()
    with _stdio(bench) as calls:
        ways += _timed("stdio", calls)
    with _http(bench) as carriers:
        for carrier, calls in carriers.items():
            ways += _timed(carrier, calls)
    return section(ways)


def section(ways: Sequence[Way]) -> Section:
    """Put the ways into a table; the first one of each carrier is direct."""
    direct = {way.carrier: way for way in reversed(ways) if way.name == "direct"}
    yardsticks = direct | {way.carrier: way for way in ways if way.name == YARDSTICK}
    ours = [way for way in ways if way.name == "sidegate"]
    return Section(
        name="mcp",
        title=f"Calls of an MCP tool `echo` that passes, {len(_TEXT)} characters, one at a time, in turns",
        header=HEADER,
        rows=tuple(_row(way, direct[way.carrier]) for way in ways),
        notes=("a server that is wrapped shares the core of its gate",),
        goals=tuple(_goal(way, yardsticks[way.carrier]) for way in ours),
        data={f"{way.carrier} {way.name}": _data(way, direct[way.carrier]) for way in ways},
    )


def in_turns(calls: Mapping[str, Call], *, count: int) -> dict[str, tuple[float, ...]]:
    """The seconds of each of `count` calls on every way. Who goes first changes from turn to turn."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls.items())
    for _ in range(count):
        for name, call in order:
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
        order.append(order.pop(0))
    return {name: tuple(taken) for name, taken in seconds.items()}


def _timed(carrier: str, calls: Mapping[str, Call]) -> list[Way]:
    in_turns(calls, count=WARM_UP)
    taken = in_turns(calls, count=CALLS)
    ways = [Way(carrier=carrier, name=name, latencies=latencies) for name, latencies in taken.items()]
    say(f"mcp: {carrier}: " + ", ".join(f"{way.name} {way.ms(0.5):.2f} ms" for way in ways))
    return ways


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipes:
    """A server on its standard streams."""

    stdin: IO[bytes]
    stdout: IO[bytes]

    def tell(self, line: bytes) -> None:
        """Send one message."""
        self.stdin.write(line + b"\n")
        self.stdin.flush()

    def ask(self, line: bytes) -> bytes:
        """Send one message, and take the next line for its answer."""
        self.tell(line)
        return self.stdout.readline()


@contextmanager
def _stdio(bench: Bench) -> Iterator[dict[str, Call]]:
    """The bare server, and the same one behind `sidegate mcp`."""
    bare = [sys.executable, "-m", "tests.bench.echo"]
    folder = Path(tempfile.mkdtemp(prefix="mcp-", dir=bench.folder))
    (folder / "rules.yaml").write_text(_RULES)
    gate = [sys.executable, str(ROOT / "sidegate.py"), "mcp", "--name", "echo"]
    gate += ["--rules", str(folder / "rules.yaml"), "--data-dir", str(folder / "data"), "--", *bare]
    core = bench.cores.proxy
    with _talking(bare, folder, core=core) as direct, _talking(gate, folder, core=core) as through:
        yield {"direct": _stdio_call(direct), "sidegate": _stdio_call(through)}


@contextmanager
def _talking(command: Sequence[str], folder: Path, *, core: int) -> Iterator[Pipes]:
    """A server with whom the handshake is over."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder)}
    with (folder / "stdio.log").open("ab") as log, on_core(core):
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
            env=environment,
        )
    family: tuple[ProcessStat, ...] = ()
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        pipes = Pipes(stdin=process.stdin, stdout=process.stdout)
        for message in _handshake():
            (pipes.ask if "id" in message else pipes.tell)(json.dumps(message).encode())
        try:
            yield pipes
        finally:
            family = family_of(process.pid, folder)
    end_orphans(family)


def _stdio_call(pipes: Pipes) -> Call:
    message = json.dumps(_message()).encode()
    wanted = _result(answer(message))

    def call() -> None:
        if (said := _result(pipes.ask(message))) != wanted:
            raise WrongAnswer(f"not the server's answer: {str(said)[:300]}")

    return call


@contextmanager
def _http(bench: Bench) -> Iterator[dict[str, dict[str, Call]]]:
    """One server direct, through mitmdump and through Sidegate, by its two ways to answer."""
    port = bench.upstream.echo_port
    with bench.start_yardstick() as yardstick, bench.start_subject() as subject, ExitStack() as stack:
        targets = {"direct": None, YARDSTICK: yardstick, "sidegate": subject}
        routes = {name: replace(bench.route(target), port=port) for name, target in targets.items()}
        connections = {name: stack.enter_context(connect(route)) for name, route in routes.items()}
        yield {
            carrier: {name: _http_call(one, port, path) for name, one in connections.items()}
            for carrier, path in PATHS.items()
        }


def _http_call(connection: ssl.SSLSocket, port: int, path: str) -> Call:
    body = json.dumps(_message()).encode()
    request = post_request(path, port, body=body, fields=[f"mcp-protocol-version: {VERSION}"])
    item = answer(body) or b""
    if path == PATHS["HTTP"]:
        return lambda: ask(connection, request, item=item)
    return lambda: _ask_events(connection, request, item)


def _ask_events(connection: ssl.SSLSocket, request: bytes, item: bytes) -> None:
    """Send the request and read an event stream to its end. WrongAnswer unless it holds `item`."""
    connection.sendall(request)
    said = b""
    while not said.endswith(b"\r\n0\r\n\r\n"):
        received = connection.recv(RECEIVE_BYTES)
        said += received
        if not received or not said.startswith(b"HTTP/1.1 200 "):
            raise WrongAnswer(f"no whole event stream: {said[:300]!r}")
    event = next((line for line in said.splitlines() if line.startswith(b"data: ")), b"")
    if _result(event.removeprefix(b"data: ")) != _result(item):
        raise WrongAnswer(f"not the server's answer: {said[:300]!r}")


def _handshake() -> list[dict[str, object]]:
    client = {"name": "bench", "version": "1"}
    params = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}
    head: dict[str, object] = {"jsonrpc": "2.0"}
    return [
        head | {"id": 1, "method": "initialize", "params": params},
        head | {"method": "notifications/initialized"},
        head | {"id": 2, "method": "tools/list"},
    ]


def _message() -> dict[str, object]:
    params = {"name": "echo", "arguments": {"text": _TEXT}}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


def _result(text: bytes | None) -> object:
    try:
        return json.loads(text or b"null")["result"]
    except (ValueError, TypeError, KeyError):
        return text


def _goal(way: Way, yardstick: Way) -> Goal:
    limit = STDIO_GOAL_MS if yardstick.name == "direct" else HTTP_GOAL_MS
    added = _added(way, yardstick, 0.5)
    beyond = "being direct" if yardstick.name == "direct" else f"what {yardstick.name} adds"
    text = f"{added:+.2f} ms beyond {beyond} to an MCP call over {way.carrier}, median (goal {limit:.1f})"
    return Goal(text=text, met=added <= limit)


def _added(way: Way, other: Way, share: float) -> float:
    """In milliseconds."""
    return way.ms(share) - other.ms(share)


def _row(way: Way, direct: Way) -> tuple[str, ...]:
    return (
        f"{way.carrier}, {way.name}",
        f"{len(way.latencies):,}",
        f"{1e3 * statistics.median(way.latencies):.2f}",
        f"{way.ms(0.99):.2f}",
        f"{way.ms(1):.2f}",
        "-" if way is direct else f"{_added(way, direct, 0.5):.2f}",
        "-" if way is direct else f"{_added(way, direct, 0.99):.2f}",
    )


def _data(way: Way, direct: Way) -> Json:
    return {
        "calls": len(way.latencies),
        "p50_ms": way.ms(0.5),
        "p99_ms": way.ms(0.99),
        "added_p50_ms": _added(way, direct, 0.5),
        "added_p99_ms": _added(way, direct, 0.99),
    }
