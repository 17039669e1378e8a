"""What the agent says for itself: shown below the facts, believed by nobody, and never sent on."""

from dataclasses import replace

from rules.headers import REASONING, Fields, first
from rules.mcp.message import Members, Message, Notification, Request, meta_of

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


def unsaid(message: Message) -> Message:
    """`message` as its server gets it, without what the agent says here."""
    if not isinstance(message, Request | Notification) or META_KEY not in meta_of(message):
        return message
    kept = {name: value for name, value in meta_of(message).items() if name != META_KEY}
    return replace(message, params=message.params | {"_meta": kept})


def _bounded(text: str) -> str:
    return text.strip()[:MOST]
