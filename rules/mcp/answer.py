"""What the agent hears through MCP: a tool result that no client retries and every model reads.

Measured on eight clients, an error result with one text, no structured content and everything for
programs in `_meta` reaches the model in all but one of them; that one needs a success with both.
"""

from dataclasses import replace

from rules.hold import DISPOSITIONS, Hold, State
from rules.mcp.listing import AWAIT
from rules.mcp.message import Failure, Members, Notification, Request, Result, meta_of, text_of
from rules.mcp.versions import CLIENT_KEY, is_modern
from rules.mcp.wire import Malformed
from rules.reply import describe
from rules.request.strict_json import Json
from rules.talk import NOTHING, Beside
from rules.verdict import Judgement, ReasonId, Refusal

DISPOSITION_KEY = "io.modelcontextprotocol/tool-approval-disposition"
"""SEP-2848's, an open draft."""
HOLD_KEY = "internal.sidegate/hold"
EDITED_KEY = "internal.sidegate/edited"

REFUSED_CODE = 4403
"""JSON-RPC's own codes are -32768 to -32000; a method that is not a tool has no result that could say it."""

# Clients that show a model only results without an error.
_SUCCESS_ONLY = ("agent-framework", "agent_framework")

# In words that fit no other state.
_TEXTS: dict[State, str] = {
    State.PENDING: "HELD for a human's approval: this call was not executed (hold {id}). Do not change or "
    "retry it now and do not work around it. Do other work; then call {await_} with hold_id {id}, or make "
    "this call again with exactly the same arguments, to get its outcome.",
    State.APPROVED: "APPROVED by a human, not executed yet (hold {id}): call {await_} with hold_id {id}, or "
    "make this call again with exactly the same arguments, to have it run and get its result.",
    State.CLAIMED: "APPROVED by a human and running now (hold {id}): call {await_} with hold_id {id} for its "
    "result.",
    State.SENDING: "APPROVED by a human and running now (hold {id}): call {await_} with hold_id {id} for its "
    "result.",
    State.REJECTED: "REJECTED by a human reviewer, not executed (hold {id}). The same call will be refused "
    "again: choose another way, or ask the user.",
    State.SUPERSEDED: "CHANGED BY A REVIEWER, not executed as it was (hold {id}): call {await_} with hold_id "
    "{id}, or make this call again with exactly the same arguments, for what became of the changed one.",
    State.DRILLED: "EXERCISE of the reviewers, not executed (hold {id}): no agent asked for it.",
    State.EXPIRED: "EXPIRED unanswered, not executed (hold {id}): nobody decided in time and nobody refused "
    "it. The same call opens a new hold.",
    State.DRIFT_REFUSED: "CHANGED since the approval, not executed (hold {id}): what was approved is no "
    "longer what would run. The same call opens a new hold.",
    State.KILLED: "STOPPED by an operator's kill switch, not executed (hold {id}): wait for the user.",
    State.CANCELLED: "CANCELLED, not executed (hold {id}): it was taken back. The same call may be "
    "made again.",
    State.NOT_EXECUTED: "SENT WITHOUT EFFECT, not executed (hold {id}): somebody found out that this call, "
    "which was sent, did not run. The same call opens a new hold.",
    State.OUTCOME_UNKNOWN: "OUTCOME UNKNOWN (hold {id}): this call was sent and no answer is known, so it "
    "may have been executed. Do not make it again in any form: a human has to find out.",
    State.EXECUTED: "EXECUTED (hold {id}), after a human's approval; its result was given out before or "
    "cannot be read. Do not make the call again.",
    State.EXECUTION_ERROR: "EXECUTED WITH AN ERROR (hold {id}), after a human's approval; its result was "
    "given out before or cannot be read. Do not make the call again.",
}


_OF_HTTP = frozenset({"status_url", "answer_url", "edited_note"})
_EDITED = (
    "A human reviewer changed the arguments of this call; all that is told here is about the changed call. "
    "Go on from that, and do not make the original call again. Changed:"
)
_ASKED = (
    "A REVIEWER ASKS you something before deciding: this call was not executed (hold {id}). Call {await_} "
    "with hold_id {id} and your `answer`. Do not make this call again. The question: {question}"
)
_RESPONDED = (
    "ANSWERED by a human reviewer in place of being executed (hold {id}). Go on with the reviewer's answer, "
    "and do not make the same call again. The answer:"
)


def shows_success_only(client: Json) -> bool:
    """Whether a client of that name hides error results; it changes the shape of answers, nothing else."""
    name = client.get("name") if isinstance(client, dict) else None
    return isinstance(name, str) and any(part in name.lower() for part in _SUCCESS_ONLY)


def client_of(message: Request | Notification) -> Json:
    """What the client calls itself in `message`, None where it does not."""
    if message.method == "initialize":
        return message.params.get("clientInfo")
    return meta_of(message).get(CLIENT_KEY)


def standing_result(hold: Hold, beside: Beside = NOTHING, *, success: bool = False) -> Members:
    """How `hold` stands, as a tool's result. `success`: in the shape of one."""
    described = describe(hold, beside).items()
    told = {name: _plain(value) for name, value in described if name not in _OF_HTTP}
    text = standing_text(hold, beside)
    if beside.changes:
        text += f" {_EDITED} {beside.header.decode()}"
    told["detail"] = text
    if hold.decision_reason and hold.state is State.REJECTED:
        text += (
            f"\n{hold.decision_reason}" if hold.responded else f" The reviewer says: {hold.decision_reason}"
        )
    meta: Members = {HOLD_KEY: told}
    if disposition := DISPOSITIONS.get(hold.state):
        meta[DISPOSITION_KEY] = str(disposition)
    brief: Members = {"hold_id": hold.hold_id, "state": str(hold.state), "executed": told["executed"]}
    return _result(text, brief, meta=meta, success=success)


def edited_result(result: Members, hold: Hold, beside: Beside) -> Members:
    """A tool's own `result`, which says so where a reviewer changed its arguments."""
    if not beside.changes:
        return result
    content, meta = result.get("content"), result.get("_meta")
    note: Json = {"type": "text", "text": f"{_EDITED} {beside.header.decode()} (hold {hold.hold_id})"}
    told: Json = [dict(change) for change in beside.edited]
    kept = meta if isinstance(meta, dict) else {}
    return result | {
        "content": [*(content if isinstance(content, list) else []), note],
        "_meta": kept | {EDITED_KEY: told},
    }


def standing_text(hold: Hold, beside: Beside = NOTHING) -> str:
    """How `hold` stands, in words that fit no other state."""
    if beside.question:
        return _ASKED.format(id=hold.hold_id, await_=AWAIT, question=beside.question)
    if hold.responded and hold.state is State.REJECTED:
        return _RESPONDED.format(id=hold.hold_id)
    fallback = f"{describe(hold)['detail']} (hold {{id}})"
    return _TEXTS.get(hold.state, fallback).format(id=hold.hold_id, await_=AWAIT)


def blocked_result(judgement: Judgement, *, success: bool = False) -> Members:
    """A call that no approval can release."""
    text = f"BLOCKED by policy, not executed: {judgement.reason}. Nobody can approve it: choose another way."
    return _refused(text, str(judgement.reason_id), success=success)


def refused_result(refusal: Refusal, *, success: bool = False) -> Members:
    """A call that the gate does not let through."""
    return _refused(f"REFUSED, not executed: {refusal.reason}.", str(refusal.reason_id), success=success)


def unreadable_result(hold_id: str, *, success: bool = False) -> Members:
    """A hold that exists, while nobody can tell how it stands."""
    text = (
        f"HELD (hold {hold_id}), but its state cannot be read now; it may have been decided and executed "
        f"meanwhile. Call {AWAIT} with hold_id {hold_id} later."
    )
    return _result(text, {"hold_id": hold_id, "executed": None}, meta={}, success=success)


def malformed_answer(malformed: Malformed) -> Result | Failure:
    """What the sender of a message hears that cannot be read in one way."""
    if not malformed.call or malformed.id is None:
        return malformed.reply
    text = (
        f"REFUSED, not executed: {malformed.reason}. Make the call with less of it, and "
        "with large numbers as text."
    )
    # Both generations take it: the older one passes over what it does not know.
    complete: Members = {"resultType": "complete"}
    return Result(id=malformed.id, result=complete | _refused(text, ReasonId.MCP_MALFORMED, success=False))


def no_such_hold() -> Members:
    """The agent asked for a hold that is not its own, or is none."""
    return _result("there is no such hold of this agent", {"executed": None}, meta={}, success=False)


def in_answer_to(request: Request, said: Members | Failure) -> Result | Failure:
    """`said`, a result or an error, as the answer to `request`."""
    if isinstance(said, Failure):
        return replace(said, id=request.id)
    result = said
    if is_modern(request) and "resultType" not in result:
        complete: Members = {"resultType": "complete"}
        result = complete | result
    return Result(id=request.id, result=result)


def refused_method(method: str, reason: str) -> Failure:
    """A method that is not a tool and may not pass; its request's id is still to be set."""
    return Failure(id=None, code=REFUSED_CODE, message=f"`{method}` is refused, not executed: {reason}")


def _refused(text: str, reason_id: str, *, success: bool) -> Members:
    return _result(text, {"executed": False, "reason_id": reason_id}, meta={}, success=success)


def _result(text: str, brief: Members, *, meta: Members, success: bool) -> Members:
    """Text for the model with one line of JSON for whoever drops `_meta`."""
    whole: Json = [{"type": "text", "text": f"{text}\n{text_of(brief)}"}]
    result: Members = {"content": whole, "isError": not success}
    if success:
        result["structuredContent"] = brief | {"detail": text}
    return result | {"_meta": meta or {HOLD_KEY: brief}}


def _plain(value: object) -> Json:
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, list):
        return [dict(one) for one in value]
    return str(value)
