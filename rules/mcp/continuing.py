"""Calls that a server asks something about before it runs them (2026-07-28): the same call comes again.

INVARIANT: it is under the same approval only with the state that the server gave for this very call, once.
"""

from rules.mcp.answer import HOLD_KEY
from rules.mcp.message import Members, Request
from rules.mcp.versions import is_modern
from rules.request.strict_json import Json

_ASKS = "input_required"


def asks(result: Members) -> bool:
    """Whether a tool's result is only a question."""
    return result.get("resultType") == _ASKS


def state_given(result: Members) -> str | None:
    """The state by which a server will know the call again, None where it gave none."""
    state = result.get("requestState") if asks(result) else None
    return state if isinstance(state, str) and state else None


def state_brought(request: Request) -> str | None:
    """The state that a repeated call brings back."""
    state = request.params.get("requestState") if is_modern(request) else None
    return state if isinstance(state, str) and state else None


def ask_by_call(hold_id: str) -> Members:
    """For whoever waits by another way than the call itself: only the call can be answered."""
    text = (
        f"APPROVED and begun (hold {hold_id}): the tool asks for input before it goes on. Make the call "
        "again with exactly the same arguments: its client is asked then, and no new approval is needed."
    )
    content: Json = [{"type": "text", "text": text}]
    brief: Members = {"hold_id": hold_id, "state": _ASKS}
    return {"content": content, "isError": True, "_meta": {HOLD_KEY: brief}}
