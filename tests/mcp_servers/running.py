"""Starts MCP servers and reads what they have executed."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from tests.environments import locked
from tests.ports import free_port

_PROGRAMS = Path(__file__).parent / "programs"
_PATIENCE = 60.0

SDKS = ("mcp2", "mcp1", "fastmcp", "typescript1", "typescript2")
EVENTS = "mcp1-sse"
"""The oldest carrier over HTTP, on the first generation of the Python SDK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer:
    """A running server. `executed_file`: one line of JSON for each call that it executed."""

    url: str
    executed_file: Path

    @property
    def executed(self) -> list[dict[str, object]]:
        """The calls that ran, in order."""
        return read_executed(self.executed_file)


def read_executed(file: Path) -> list[dict[str, object]]:
    """The calls that the server with this file has executed, in order."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def command(sdk: str, executed_file: Path, *, port: int | None = None) -> list[str]:
    """The command that serves on loopback at `port`, or on stdio. Raises locked.NotInstallable."""
    where = "stdio" if port is None else str(port)
    if sdk.startswith("typescript"):
        # A module finds its packages from where it lies.
        script = locked.node(sdk) / "server.mjs"
        script.write_bytes((_PROGRAMS / f"{sdk}.mjs").read_bytes())
        return [*locked.node_program(), str(script), where, str(executed_file)]
    environment = sdk.removesuffix("-sse")
    return [
        str(locked.python(environment)),
        str(_PROGRAMS / "python_sdks.py"),
        sdk,
        where,
        str(executed_file),
    ]


@contextmanager
def serving(sdk: str, folder: Path) -> Iterator[McpServer]:
    """A server over streamable HTTP, without sessions, until the block ends."""
    port = free_port()
    executed, log = folder / f"{sdk}.executed", (folder / f"{sdk}.log").open("wb")
    with log, subprocess.Popen(command(sdk, executed, port=port), stdout=log, stderr=log) as process:
        try:
            _await(port, process)
            path = "sse" if sdk == EVENTS else "mcp"
            yield McpServer(url=f"http://127.0.0.1:{port}/{path}", executed_file=executed)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError as error:
            if process.poll() is not None or monotonic() > end:
                raise ConnectionError(f"`{process.args!r}` does not listen on {port}") from error
            sleep(0.05)
        else:
            return
