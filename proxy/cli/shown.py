"""A hold as a person reads it: the action first, then why it is held and how it stands."""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from proxy.cli.compared import compared
from proxy.cli.package import packaged
from proxy.cli.terminal import block, columns, shorten
from rules.review.inert import csv_cell, turns, visible

MAX_SHOWN = 16 * 1024
"""Characters of a body."""

_HEADINGS = ("ID", "TIER", "STATE", "AGE", "DECIDE IN", "CALL")
_COLUMNS = (
    "hold_id",
    "tier",
    "state",
    "created_at",
    "decide_by",
    "method",
    "url",
    "rule",
    "reason",
    "decided_by",
    "decision_reason",
)
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60))


def whole(hold: dict[str, Any], *, now: str) -> str:
    """Everything about one hold."""
    parts = (_action(hold), compared(hold), [""], _judgement(hold), packaged(hold), _standing(hold, now))
    return "\n".join(line for part in parts for line in part)


def table(holds: list[dict[str, Any]], *, now: str) -> str:
    """One line for each hold."""
    rows = [_HEADINGS, *(_row(hold, now) for hold in holds)]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    room = columns() - sum(widths) - 2 * len(widths)
    return "\n".join(_line(row, widths, room) for row in rows)


def sheet(holds: list[dict[str, Any]]) -> str:
    """One row of comma-separated values for each hold; no cell of it is taken for a formula."""
    rows = [_COLUMNS, *([str(hold[name] or "") for name in _COLUMNS] for hold in holds)]
    return "\n".join(",".join(map(csv_cell, row)) for row in rows)


def span(since: str, until: str) -> str:
    """The time between two ISO times, in whole units of which there are at least two."""
    between = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    seconds = max(0, int(between.total_seconds()))
    for unit, length in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _row(hold: dict[str, Any], now: str) -> tuple[str, ...]:
    waits = hold["state"] == "pending"
    call = f"{hold['method']} {hold['url']}" if hold["integrity"] == "ok" else "changed in the store"
    return (
        visible(hold["hold_id"]),
        str(hold["tier"]),
        visible(hold["state"]),
        span(hold["created_at"], now),
        span(now, hold["decide_by"]) if waits else "-",
        visible(call),
    )


def _line(row: tuple[str, ...], widths: list[int], room: int) -> str:
    cells = [text.ljust(width) for text, width in zip(row[:-1], widths, strict=True)]
    return "  ".join([*cells, shorten(row[-1], room=room)])


def _action(hold: dict[str, Any]) -> Iterator[str]:
    action = hold["action"]
    if action is None:
        yield f"the stored action does not open and is not shown: {visible(hold['integrity_reason'])}"
        return
    yield from block(f"{action['method']} {action['url']}")
    for name, value in action["headers"]:
        yield from block(visible(f"{name}: {value}"))
    if action["credentials"]:
        yield f"with credentials, taken anew when it runs: {visible(', '.join(action['credentials']))}"
    yield from _shown_body(action)


def _shown_body(action: dict[str, Any]) -> Iterator[str]:
    size = action["body_size"]
    if not size:
        yield "no body"
        return
    text, rest = _body(action)
    yield f"body, {size} bytes{'' if action['body_text'] is not None else ' that are not utf-8'}:"
    yield from block(text)
    if rest:
        yield f"{len(rest)} of its {size} bytes are not shown: read them with --json"
    if turns(text):
        yield "it has right-to-left letters, which terminals reorder: read it with --json"


def _body(action: dict[str, Any]) -> tuple[str, bytes]:
    """The part of the body that is shown, and the bytes of it that are not."""
    text = action["body_text"]
    if text is not None:
        return text[:MAX_SHOWN], text[MAX_SHOWN:].encode()
    body = base64.b64decode(action["body_b64"])
    return "".join(map(_byte, body[:MAX_SHOWN])), body[MAX_SHOWN:]


def _byte(value: int) -> str:
    char = chr(value)
    return char if char.isascii() and char.isprintable() else f"\\x{value:02x}"


def _judgement(hold: dict[str, Any]) -> Iterator[str]:
    if hold.get("summary"):
        yield visible(f"in short, by its rule: {hold['summary']}")
    rule = f"rule `{hold['rule']}`" if hold["rule"] else "no rule"
    yield visible(f"tier {hold['tier']}, {rule}, {hold['reason_id']}: {hold['reason']}")
    principal = hold["action"]["principal"] if hold["action"] else {}
    who = ", ".join(f"{part} `{name}`" for part, name in principal.items() if name)
    times = "once" if hold["attempts"] == 1 else f"{hold['attempts']} times"
    yield visible(f"asked {times} by {who or 'an unknown agent'}")


def _standing(hold: dict[str, Any], now: str) -> Iterator[str]:
    yield visible(f"hold {hold['hold_id']} {hold['standing']}")
    yield f"made {span(hold['created_at'], now)} ago, at {visible(hold['created_at'])}"
    if hold["state"] == "pending":
        yield f"to be decided within {span(now, hold['decide_by'])}"
    yield from _said(hold)
    if hold["note"]:
        yield visible(f"note: {hold['note']}")
    if hold["answer"]:
        yield visible(_answer(hold["answer"]))
    yield visible(f"digest {hold['digest']}")


def _said(hold: dict[str, Any]) -> Iterator[str]:
    """What was changed, who is missing, and what was said."""
    for change in hold.get("edited") or ():
        before, after = (change[name] or "nothing" for name in ("before", "after"))
        yield from block(visible(f"changed by {hold['edited_by']}: {change['path']}: {before} -> {after}"))
    quorum = hold.get("quorum") or {}
    if hold["state"] == "pending" and quorum.get("people", 1) > 1:
        names = ", ".join(vote["who"] for vote in quorum["votes"]) or "nobody"
        yield visible(f"approved by {names}; {quorum['missing']}")
    for one in hold.get("talk") or ():
        who = {"answer": "the agent, which nobody has checked, answers"}.get(one["kind"], one["who"])
        asks = " asks the agent" if one["kind"] == "question" else ""
        yield from block(visible(f"{who}{asks}: ") + visible(one["text"]))


def _answer(answer: dict[str, Any]) -> str:
    if "status" not in answer:
        return f"the stored answer does not open: {answer['integrity_reason']}"
    return f"the upstream answered {answer['status']} {answer['phrase']}, {answer['body_size']} bytes"
