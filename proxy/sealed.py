"""What a hold keeps of its action and its answer: one line of JSON, then the exact body, sealed.

Everything immutable that Redis holds in clear is associated data: change any of it and nothing opens.
"""

import json
from dataclasses import dataclass
from typing import Any

from proxy.record import Draft
from proxy.seal import Seal, SealError
from rules.action import Action, unbind
from rules.hold import Hold
from rules.mcp.action import PROTOCOL, ToolAction, unbind_tool
from rules.reply import Reply


@dataclass(frozen=True, slots=True)
class Sealed:
    """Seals and opens the contents of holds."""

    seal: Seal

    def close_action(self, draft: Draft, action: Action | ToolAction) -> bytes:
        """The sealed action of a hold that is about to be made."""
        return self._close(draft, "action", action.binding(), action.body)

    def open_action(self, hold: Hold, sealed: bytes | None) -> Action | ToolAction:
        """The action of `hold`, verified against its digest. Raises SealError if anything was changed."""
        binding, body = self._open(hold, "action", sealed)
        try:
            action = (unbind_tool if binding.get("protocol") == PROTOCOL else unbind)(binding, body)
        except ValueError as error:
            raise SealError(str(error)) from error
        if action.digest != hold.digest:
            raise SealError("the stored action is not the one that was approved")
        return action

    def close_answer(self, hold: Hold, answer: Reply) -> bytes:
        """The sealed answer of the upstream."""
        head = {
            "status": answer.status,
            "phrase": answer.phrase,
            "fields": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in answer.fields],
        }
        return self._close(hold, "answer", head, answer.body)

    def open_answer(self, hold: Hold, sealed: bytes | None) -> Reply:
        """The upstream's answer. Raises SealError if anything was changed."""
        head, body = self._open(hold, "answer", sealed)
        return Reply(
            status=head["status"],
            phrase=head["phrase"],
            fields=tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in head["fields"]),
            body=body,
        )

    def _close(self, of: Draft | Hold, part: str, head: dict[str, object], body: bytes) -> bytes:
        plain = json.dumps(head).encode() + b"\n" + body
        return self.seal.close(plain, bound_to=_associated(of, part))

    def _open(self, hold: Hold, part: str, sealed: bytes | None) -> tuple[dict[str, Any], bytes]:
        if sealed is None:
            raise SealError(f"the stored {part} is missing")
        plain = self.seal.open(sealed, bound_to=_associated(hold, part))
        head, _, body = plain.partition(b"\n")
        return json.loads(head), body


def _associated(of: Draft | Hold, part: str) -> dict[str, str]:
    return {
        "part": part,
        "hold_id": of.hold_id,
        "digest": of.digest,
        "fingerprint": of.fingerprint,
        "idempotency_key": of.idempotency_key,
        "tier": str(int(of.tier)),
        "rule": of.rule or "",
        "reason_id": of.reason_id,
        "reason": of.reason,
        "policy": of.policy,
    }
