"""The conversation with the test: one call per line in, what the agent's model sees of it per line out."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

WHERE, ERA = sys.argv[1], sys.argv[2]
COMMAND: list[str] | None = json.loads(WHERE) if WHERE.startswith("[") else None
"""The server's command for stdio; else WHERE is its URL."""


async def follow(see: Callable[[str, dict[str, Any]], Awaitable[Any]]) -> None:
    """Say that the session stands, then make each call that is asked for until the input ends."""
    say({"ready": True})
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        try:
            seen = {"seen": await see(asked["tool"], asked["arguments"])}
        except Exception as error:  # what the program that uses the client would have to catch
            seen = {"raised": f"{type(error).__name__}: {error}"}
        say(seen)


def say(what: dict[str, Any]) -> None:
    """One line to the test."""
    sys.__stdout__.write(json.dumps(what, default=str) + "\n")
    sys.__stdout__.flush()


def shown(result: Any) -> dict[str, Any]:
    """A CallToolResult of any version as the application has it."""
    return {
        "text": " ".join(getattr(part, "text", "") for part in result.content),
        "structured": getattr(result, "structured_content", None)
        or getattr(result, "structuredContent", None),
        "error": bool(getattr(result, "is_error", False) or getattr(result, "isError", False)),
    }
