"""Processes of a run: which core they sit on, how they start, when they are ready, how they end."""

import os
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "localhost"
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """The core of the proxies, and the one of the load generator and the upstreams."""

    proxy: int
    load: int

    @property
    def apart(self) -> bool:
        """Whether the two sides have a core each."""
        return self.proxy != self.load


def pick_cores() -> Cores:
    """Give the proxies the last core this process may use and everything else the first."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(proxy=usable[-1], load=usable[0])


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def spawned(
    command: Sequence[str], *, folder: Path, log: str, core: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process on one core with its output in `folder/log`; end it on the way out.

    It gets an environment of its own, so that no proxy, store or Python setting of the caller
    changes what is measured.
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder)}
    with on_core(core), (folder / log).open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def wait_for_port(port: int, process: subprocess.Popen[bytes], *, log: Path) -> None:
    """Wait until the process listens; TimeoutError or ChildProcessError shows what it last said."""
    deadline = time.monotonic() + START_SECONDS
    while not _listens(port):
        if process.poll() is not None:
            raise ChildProcessError(
                f"`{_command(process)}` ended with code {process.returncode}: {_tail(log)}"
            )
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"`{_command(process)}` does not listen after {START_SECONDS:.0f} s: {_tail(log)}"
            )
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _command(process: subprocess.Popen[bytes]) -> str:
    arguments = process.args
    return shlex.join(map(str, arguments)) if isinstance(arguments, list) else str(arguments)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-800:].strip() or "it said nothing"
