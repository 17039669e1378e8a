"""What a hold keeps of its action and its answer: one line of JSON, then the exact body, sealed.

Everything immutable that Redis holds in clear is associated data: change any of it and nothing opens.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from proxy.keys.keyring import Keyring
from proxy.keys.seal import Seal, SealError, Shredded
from proxy.store.record import Draft
from rules.action import Action, unbind
from rules.hold import Hold
from rules.mcp.action import PROTOCOL, ToolAction, unbind_tool
from rules.reply import Reply


@dataclass(frozen=True, slots=True)
class Sealed:
    """Seals and opens the contents of holds."""

    keyring: Keyring

    def fresh_key(self, hold_id: str, digest: str) -> str:
        """A data key, wrapped, for the contents of a hold that is about to be made."""
        return self.keyring.fresh(bound_to={"hold_id": hold_id, "digest": digest})

    def rewrapped(self, hold: Hold, sealed: bytes) -> str | None:
        """The data key of `hold` under the newest key, or None if it is already. Raises SealError."""
        if hold.key and self.keyring.newest(hold.key):
            return None
        if hold.key:
            data_key = self.keyring.unwrap(hold.key, bound_to=_holder(hold))
        else:
            data_key = self.keyring.key_of(sealed, bound_to=_associated(hold, "action"))
        return self.keyring.wrap(data_key, bound_to=_holder(hold))

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

    def close_part(self, of: Draft | Hold, part: str, value: object) -> bytes:
        """JSON values of a hold, sealed as its `part`."""
        return self._close(of, part, {"value": value}, b"")

    def open_part(self, hold: Hold, part: str, sealed: bytes) -> Any:
        """The values of `part`. Raises SealError if anything was changed."""
        return self._open(hold, part, sealed)[0]["value"]

    def _close(self, of: Draft | Hold, part: str, head: dict[str, object], body: bytes) -> bytes:
        plain = json.dumps(head).encode() + b"\n" + body
        return self._seals(of)[0].close(plain, bound_to=_associated(of, part))

    def _open(self, hold: Hold, part: str, sealed: bytes | None) -> tuple[dict[str, Any], bytes]:
        if sealed is None and hold.shredded and hold.settled:
            raise Shredded(Shredded.__doc__)
        if sealed is None:
            raise SealError(f"the stored {part} is missing")
        *others, last = self._seals(hold)
        for seal in others:
            with suppress(SealError):
                return _parted(seal.open(sealed, bound_to=_associated(hold, part)))
        return _parted(last.open(sealed, bound_to=_associated(hold, part)))

    def _seals(self, of: Draft | Hold) -> Sequence[Seal]:
        """What opens the contents: a key of their own, or, from before there were any, one of the keyring."""
        if not of.key:
            return self.keyring.seals
        return [Seal(self.keyring.unwrap(of.key, bound_to=_holder(of)), domain=self.keyring.domain)]


def _parted(plain: bytes) -> tuple[dict[str, Any], bytes]:
    head, _, body = plain.partition(b"\n")
    return json.loads(head), body


def _holder(of: Draft | Hold) -> dict[str, str]:
    """What a data key is bound to."""
    return {"hold_id": of.hold_id, "digest": of.digest}


def _associated(of: Draft | Hold, part: str) -> dict[str, str]:
    bound = {
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
    # Bound where they are there: holds of before do not have them.
    later = {
        "probed": "1" if of.probed else "",
        "credential": of.credential,
        "generation": str(of.generation) if of.generation > 1 else "",
        "supersedes": of.supersedes,
        "edited_by": of.edited_by,
        "drill": str(of.drill or ""),
    }
    return bound | {name: value for name, value in later.items() if value}
