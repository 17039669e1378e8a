"""Starts clients and asks them for calls; what comes back is what the application, or its model, sees."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.environments import locked

_PROGRAMS = Path(__file__).parent / "programs"
_PATIENCE = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client program and the eras of the protocol that it speaks."""

    name: str
    environment: str
    program: str
    packages: tuple[str, ...]
    """What it is made of, by the names in its lock file."""
    eras: tuple[str, ...] = ("legacy",)
    binary: str | None = None
    """The client itself within its environment, where it is no library: our own interpreter drives it."""

    def command(self, where: str, era: str) -> list[str]:
        """The command that connects to `where`. Raises locked.NotInstallable."""
        program = _PROGRAMS / self.program
        if program.suffix == ".mjs":
            # A module finds its packages from where it lies.
            script = locked.node(self.environment) / "client.mjs"
            script.write_bytes(program.read_bytes())
            return [*locked.node_program(), str(script), where, era]
        if self.binary is not None:
            client = locked.node(self.environment) / "node_modules" / self.binary
            return [sys.executable, str(program), where, era, str(client)]
        return [str(locked.python(self.environment)), str(program), where, era]


CLIENTS = (
    Client(name="mcp 2", environment="mcp2", program="mcp2.py", packages=("mcp",), eras=("legacy", "modern")),
    Client(name="mcp 1", environment="mcp1", program="mcp1.py", packages=("mcp",)),
    Client(
        name="TypeScript 1",
        environment="typescript1",
        program="typescript1.mjs",
        packages=("@modelcontextprotocol/sdk",),
    ),
    Client(
        name="TypeScript 2",
        environment="typescript2",
        program="typescript2.mjs",
        packages=("@modelcontextprotocol/client",),
        eras=("legacy", "modern"),
    ),
    Client(
        name="FastMCP",
        environment="fastmcp",
        program="fastmcp_client.py",
        packages=("fastmcp",),
        eras=("modern",),
    ),
    Client(
        name="LangGraph",
        environment="mcp1",
        program="langgraph_agent.py",
        packages=("langgraph", "langchain-mcp-adapters", "mcp"),
    ),
    Client(
        name="OpenAI Agents",
        environment="openai_agents",
        program="openai_agent.py",
        packages=("openai-agents", "mcp"),
        eras=("modern",),
    ),
    Client(
        name="Google ADK",
        environment="google_adk",
        program="adk_agent.py",
        packages=("google-adk", "mcp"),
    ),
    Client(
        name="Microsoft agent-framework",
        environment="agent_framework",
        program="agent_framework_agent.py",
        packages=("agent-framework-core", "mcp"),
        eras=("modern",),
    ),
    Client(
        name="Claude Code",
        environment="claude",
        program="claude_code.py",
        packages=("@anthropic-ai/claude-code",),
        binary="@anthropic-ai/claude-code-linux-x64/claude",
        eras=("modern",),
    ),
)


class Conversation:
    """A running client, with one session for all of its calls."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def call(self, tool: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        """What is seen of a call: `{seen: {text, ...}}`, or `{raised: TEXT}` where the client raised."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"tool": tool, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The client's next line. Raises ConnectionError when none comes."""
        try:
            line = self._lines.get(timeout=_PATIENCE)
        except queue.Empty as error:
            raise ConnectionError(f"the client said nothing for {_PATIENCE:g} s") from error
        if not line:
            raise ConnectionError("the client has ended")
        return dict(json.loads(line))

    def end(self) -> None:
        """Tell the client that no call will come any more."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")


@contextmanager
def connected(
    client: Client, where: str, era: str, *, env: Mapping[str, str], log: Path
) -> Iterator[Conversation]:
    """A client that is connected to `where`: a URL, or a command as a JSON list."""
    with (
        log.open("w") as errors,
        subprocess.Popen(
            client.command(where, era),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **env},
        ) as process,
    ):
        conversation = Conversation(process)
        try:
            conversation.hear()
            yield conversation
        finally:
            conversation.end()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
