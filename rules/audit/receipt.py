"""What became of one hold, as one file: what was asked, shown, decided and executed, and the records of it.

Without its document it holds no content: hashes tell what it is about to whoever has the content.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from rules.action import Action
from rules.audit.facts import of_hold
from rules.audit.record import read
from rules.decision import Decision
from rules.hold import DISPOSITIONS, Hold
from rules.mcp.action import ToolAction

VERSION = 1

_BEFORE = b"sidegate audit receipt\n"
_SIGNATURE = 128
_MEMBERS = frozenset(
    {"asked", "at", "decided", "domain", "executed", "key", "records", "shown", "signature", "v"}
)

type Receipt = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """What can tell of a hold besides itself; None is what is gone, or not asked for."""

    action: Action | ToolAction | None
    document: dict[str, Any] | None
    records: tuple[bytes, ...]


def compose(hold: Hold, known: Witnesses, *, domain: str, key: str, at: datetime) -> Receipt:
    """The receipt of `hold`, not signed yet. A document that is another one by now is left out."""
    preview = _preview(hold)
    fits = _fits(known.document, preview)
    return {
        "v": VERSION,
        "domain": domain,
        "at": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "asked": {
            **of_hold(hold),
            **(_of_action(known.action) if known.action is not None else {}),
            "created_at": hold.created_at.isoformat(timespec="milliseconds"),
            "attempts": hold.attempts,
        },
        "shown": {"preview": preview, "document": known.document if fits else None},
        "decided": [_decided(stored) for stored in (*hold.votes, hold.decision) if stored],
        "executed": {
            "state": str(hold.state),
            "disposition": str(DISPOSITIONS[hold.state]) if hold.state in DISPOSITIONS else None,
            "sends": list(hold.sends),
            "credential": hold.credential_used or None,
            "resolved_as": str(hold.resolved_as) if hold.resolved_as else None,
            "resolved_by": hold.resolved_by or None,
        },
        "records": [text.decode() for text in known.records],
        "key": key,
    }


def statement(receipt: Receipt) -> bytes:
    """What the signature of a receipt is over: all of it but for the signature."""
    return _BEFORE + rfc8785.dumps({name: value for name, value in receipt.items() if name != "signature"})


def flaws(
    receipt: object,
    *,
    keys: Collection[str],
    verify: Callable[[bytes, bytes, bytes], bool],
    decision: Callable[[str, str], Decision],
) -> Iterator[str]:
    """What is wrong with a receipt. `decision` reads a signed one of a domain, and raises ValueError."""
    if not isinstance(receipt, dict) or receipt.keys() != _MEMBERS or receipt["v"] != VERSION:
        yield "it is no receipt of this version"
        return
    try:
        if receipt["key"] not in keys:
            yield "it is signed by a key that is not known"
        elif not verify(
            bytes.fromhex(receipt["key"]), statement(receipt), bytes.fromhex(receipt["signature"])
        ):
            yield "its signature is not over what it says"
        yield from _of_parts(receipt, decision)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"it is not written as receipts are ({type(error).__name__})"


def _of_parts(receipt: Receipt, decision: Callable[[str, str], Decision]) -> Iterator[str]:
    """Whether its parts speak of the same hold."""
    asked, shown = receipt["asked"], receipt["shown"]
    for decided in receipt["decided"]:
        try:
            said = decision(_stored(decided), receipt["domain"])
        except ValueError:
            yield "a decision is signed by no console that is known"
            continue
        if (said.hold_id, said.digest) != (asked["hold"], asked["digest"]):
            yield "a decision is about another hold"
    last = receipt["decided"][-1]["statement"] if receipt["decided"] else {}
    # Those who voted before may have been shown it when there was less to say of it; each names its own.
    if last.get("preview", shown["preview"]) != shown["preview"]:
        yield "the last decision names another preview"
    if not _fits(shown["document"], shown["preview"]):
        yield "the document is not the one that the preview is the hash of"
    yield from _of_records(receipt)


def _of_records(receipt: Receipt) -> Iterator[str]:
    records = [read(text.encode()) for text in receipt["records"]]
    if any(record.facts.get("hold") != receipt["asked"]["hold"] for record in records):
        yield "a record is about another hold"
    attempts = {record.facts.get("attempt") for record in records if record.kind == "attempt"}
    if unrecorded := set(receipt["executed"]["sends"]) - attempts:
        yield f"{len(unrecorded)} sendings have no record here: another sidecar may have made them"


def _fits(document: object, preview: str | None) -> bool:
    """Whether a document is the one that was approved, where both are there."""
    if document is None or preview is None:
        return True
    return hashlib.sha256(rfc8785.dumps(document)).hexdigest() == preview  # type: ignore[arg-type]


def _decided(stored: str) -> dict[str, Any]:
    return {"signature": stored[:_SIGNATURE], "statement": _parsed(stored[_SIGNATURE:])}


def _stored(decided: dict[str, Any]) -> str:
    """As the hold has it."""
    return str(decided["signature"]) + rfc8785.dumps(decided["statement"]).decode()


def _preview(hold: Hold) -> str | None:
    stated = _parsed(hold.decision[_SIGNATURE:])
    preview = stated.get("preview") if isinstance(stated, dict) else None
    return preview if isinstance(preview, str) else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _of_action(action: Action | ToolAction) -> dict[str, Any]:
    body = hashlib.sha256(action.body).hexdigest()
    if isinstance(action, ToolAction):
        return {"server": action.server, "tool": action.tool, "arguments_sha256": body}
    target = hashlib.sha256(action.target.encode("latin-1", "replace")).hexdigest()
    return {
        "method": action.method,
        "host": action.host,
        "port": action.port,
        "target_sha256": target,
        "body_sha256": body,
    }


def about(lines: Iterable[bytes], hold_id: str) -> Iterator[bytes]:
    """The records that are about one hold."""
    sought = f'"hold":"{hold_id}"'.encode()
    for text in lines:
        # Most lines need no reading.
        if sought in text and read(text).facts.get("hold") == hold_id:
            yield text
