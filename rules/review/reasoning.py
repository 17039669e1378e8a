"""What the agent says for itself: shown below the facts, believed by nobody, and never sent on."""

from rules.headers import REASONING, Fields, first
from rules.mcp.message import Members

META_KEY = "sidegate/reasoning"
"""The member of an MCP request's `_meta` that carries it."""
PART = "reasoning"
"""The part of a hold that keeps it."""
MOST = 4000
"""Characters that are kept."""


def said_by(fields: Fields) -> str:
    """What a request says in its header `Sidegate-Reasoning`, or nothing."""
    raw = first(fields, REASONING) or b""
    return _bounded(raw.decode("utf-8", "replace"))


def said_in(meta: Members) -> str:
    """What an MCP request says in its `_meta`, or nothing."""
    value = meta.get(META_KEY)
    return _bounded(value) if isinstance(value, str) else ""


def _bounded(text: str) -> str:
    return text.strip()[:MOST]
