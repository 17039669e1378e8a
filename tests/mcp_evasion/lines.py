"""The same over stdio: lines that end where a gate may not see it, or never end, to wrapped servers."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

from tests.acceptance.sidecar import Sidecar
from tests.mcp_evasion.judging import Unseen
from tests.mcp_servers.running import SDKS, command, read_executed

_LAUNCHER = Path(__file__).parents[2] / "sidegate.py"
_SECONDS = 120.0
_HUGE = b"<100 MB>"
_MEGABYTE = b" " * 1_048_576
_END = b"the end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What an agent writes. `honest`: the numbers of the calls of `safe` that have to run, in order."""

    name: str
    data: bytes
    honest: tuple[int, ...] = ()
    closes: bool = False
    """Whether the stream ends there, so that nothing can be asked afterwards."""


def _call(tool: str, number: int, *, id_: object = None) -> bytes:
    params = {"name": tool, "arguments": {"x": number}}
    message = {"jsonrpc": "2.0", "id": id_ or f"{tool} {number}", "method": "tools/call", "params": params}
    return json.dumps(message).encode()


_PING = b'{"jsonrpc":"2.0","id":"a ping","method":"ping"}'
_DANGER = _call("danger", 1)
_UNENDED = _DANGER[:-1] + _HUGE

CASES = (
    Lines(name="a lone carriage return", data=_PING + b"\r" + _DANGER + b"\n"),
    Lines(name="carriage return and line feed", data=_call("safe", 2) + b"\r\n", honest=(2,)),
    Lines(name="two carriage returns", data=_PING + b"\r\r\n" + _DANGER + b"\r\r\n"),
    Lines(name="NUL before", data=b"\0" + _DANGER + b"\n"),
    Lines(name="NUL after", data=_DANGER + b"\0\n" + _call("safe", 3) + b"\n", honest=(3,)),
    Lines(name="NUL between", data=_PING + b"\0" + _DANGER + b"\n"),
    Lines(name="vertical tab, form feed", data=_PING + b"\v" + _DANGER + b"\f" + _DANGER + b"\n"),
    Lines(name="next line", data=_PING + "\x85".encode() + _DANGER + b"\n"),
    Lines(name="line separator", data=_PING + "\u2028".encode() + _DANGER + "\u2029".encode() + b"\n"),
    Lines(name="file separator", data=_PING + b"\x1c" + _DANGER + b"\x1d" + _DANGER + b"\x1e\n"),
    Lines(name="a last line without an end", data=_PING + b"\n" + _DANGER, closes=True),
    Lines(name="a last line ended by a carriage return", data=_DANGER + b"\r", closes=True),
    Lines(name="100 MB in a line", data=_UNENDED + b"}\n" + _call("safe", 4) + b"\n", honest=(4,)),
    Lines(name="100 MB without an end", data=_UNENDED, closes=True),
    Lines(name="100 MB and then a call", data=_HUGE + _DANGER + b"\n"),
    Lines(
        name="held and passing calls mixed",
        data=b"\n".join([_DANGER, _call("safe", 5), _call("danger", 2), _call("safe", 6), b""]),
        honest=(5, 6),
    ),
    Lines(
        name="one id for two calls",
        data=_call("danger", 1, id_="same") + b"\n" + _call("safe", 7, id_="same") + b"\n",
    ),
    Lines(name="a batch", data=b"[" + _PING + b"," + _DANGER + b"]\n"),
    Lines(name="two messages on a line", data=_PING + b" " + _DANGER + b"\n"),
    Lines(name="a byte order mark", data=b"\xef\xbb\xbf" + _DANGER + b"\n"),
    Lines(name="UTF-16", data=_DANGER.decode().encode("utf-16-le") + b"\n"),
    Lines(name="a call as a notification", data=_DANGER.replace(b'"id": "danger 1", ', b"") + b"\n"),
    Lines(name="a call that is a result too", data=_DANGER[:-1] + b',"result":{}}\n'),
    Lines(name="a name twice", data=_call("safe", 1)[:-2] + b',"name":"danger"}}\n'),
    Lines(name="headers of another framing", data=b"Content-Length: 5\r\n\r\n" + _DANGER + b"\n"),
    Lines(
        name="a held call is cancelled",
        data=_DANGER
        + b'\n{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"danger 1"}}\n'
        + _call("safe", 8)
        + b"\n",
        honest=(8,),
    ),
)


def run(sidecar: Sidecar) -> tuple[int, list[Unseen], list[str]]:
    """How many executions there were, those that the gate did not see, and honest calls that did not run."""
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda sdk: [attempt(sidecar, sdk, case) for case in CASES], SDKS))
    flat = [outcome for of_server in outcomes for outcome in of_server]
    unseen = [one for _, found, _ in flat for one in found]
    return sum(count for count, _, _ in flat), unseen, [one for _, _, missing in flat for one in missing]


def attempt(sidecar: Sidecar, sdk: str, case: Lines) -> tuple[int, list[Unseen], list[str]]:
    """The same for one case and one server."""
    file = sidecar.folder / f"{sdk}-{CASES.index(case)}.executed"
    _converse(sidecar, command(sdk, file), case)
    executed, allowed = read_executed(file), list(case.honest)
    unseen = []
    for one in executed:
        number = _number(one)
        if one["tool"] == "safe" and number in allowed:
            allowed.remove(number)
        else:
            why = "no line that the gate let pass asks for it"
            unseen.append(Unseen(payload=case.name, server=f"{sdk}, stdio", executed=str(one), why=why))
    return len(executed), unseen, [f"{case.name}: `safe` {number} on {sdk}" for number in allowed]


def _converse(sidecar: Sidecar, server: Sequence[str], case: Lines) -> None:
    """Say hello, write the case, and wait until all of it was dealt with."""
    files = [f"--rules={sidecar.folder / 'rules.yaml'}", f"--config={sidecar.folder / 'config.yaml'}"]
    gate = [sys.executable, str(_LAUNCHER), "mcp", *files, f"--data-dir={sidecar.data_dir}"]
    log = (sidecar.folder / "lines.log").open("ab")
    with (
        log,
        subprocess.Popen(
            [*gate, "--", *server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        heard: Queue[bytes] = Queue()
        threading.Thread(target=_listen, args=(process, heard), daemon=True).start()
        assert process.stdin is not None
        try:
            process.stdin.write(b"".join(_hello()))
            process.stdin.flush()
            _await(heard, {b'"hello"'})
            for piece in _pieces(case.data):
                process.stdin.write(piece)
            if not case.closes:
                process.stdin.write(_PING.replace(b"a ping", _END) + b"\n")
                process.stdin.flush()
                _await(heard, {_END, *(b'"safe %d"' % number for number in case.honest)})
        except (BrokenPipeError, TimeoutError):
            pass  # what ran is what counts, and what did not run is missed
        finally:
            process.stdin.close()
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _hello() -> Iterator[bytes]:
    client = {"name": "lines", "version": "1"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    opening = {"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": params}
    yield json.dumps(opening).encode() + b"\n"
    yield b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'


def _listen(process: "subprocess.Popen[bytes]", heard: "Queue[bytes]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        heard.put(line)


def _pieces(data: bytes) -> Iterator[bytes]:
    """`data`, with what stands for a hundred megabytes in pieces."""
    for number, piece in enumerate(data.split(_HUGE)):
        yield from [_MEGABYTE] * 100 if number else ()
        yield piece


def _await(heard: "Queue[bytes]", parts: set[bytes]) -> None:
    """Until each part was in some line. Raises TimeoutError."""
    try:
        while parts:
            line = heard.get(timeout=_SECONDS)
            parts = {part for part in parts if part not in line}
    except Empty as error:
        raise TimeoutError(f"nobody says {parts}") from error


def _number(executed: dict[str, object]) -> object:
    arguments = executed["arguments"]
    return arguments.get("x") if isinstance(arguments, dict) else None
