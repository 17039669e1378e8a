"""The agent behind this sidecar: who it is, and what is known of it under names that say nothing."""

import hmac
import json
from dataclasses import astuple, dataclass
from string import ascii_letters, digits

from rules.action import Action, Principal, bind, fingerprint
from rules.call import HttpCall, ToolCall
from rules.headers import Fields, secret
from rules.mcp.action import ToolAction, bind_tool, tool_fingerprint

_LETTERS = digits + ascii_letters
_LENGTH = 36
"""As many as most issuers put behind a prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who acts, as the sidecar knows it and never as the agent claims."""

    principal: Principal
    secret_headers: frozenset[bytes]
    """Lower-case names of headers that carry credentials, besides the usual ones."""
    key: bytes
    """Key of everything that is derived from the agent's requests and stored."""

    def action(self, call: HttpCall) -> Action:
        """What `call` would do, bound to this agent."""
        return bind(call, self.principal, credentials=self.secret_headers)

    def tool_action(self, call: ToolCall, *, place: str, fields: Fields = ()) -> ToolAction:
        """What `call` would do at `place`, bound to this agent."""
        return bind_tool(call, self.principal, place=place, fields=fields)

    def tool_fingerprint(self, action: ToolAction) -> str:
        """What the same tool call again has in common with `action`."""
        return tool_fingerprint(action, self.key)

    def credentials(self, call: HttpCall) -> Fields:
        """The header fields of `call` that carry its credentials."""
        return secret(call.fields, credentials=self.secret_headers)

    def fingerprint(self, action: Action, call: HttpCall) -> str:
        """What the same request again has in common with `action`."""
        return fingerprint(action, call, self.key)

    def idempotency_key(self, hold_id: str) -> str:
        """The key under which the upstream knows the one execution of a hold."""
        return hmac.digest(self.key, hold_id.encode(), "sha256").hex()[:32]

    def keyed_secret(self, secret: str) -> str:
        """A short name for a secret of the operator's, the same for all agents that share the key."""
        return hmac.digest(self.key, b"secret\0" + secret.encode("utf-8", "surrogateescape"), "sha256").hex()[
            :16
        ]

    def placeholder(self, credential: str, prefix: str) -> str:
        """What this agent has in place of a secret: the same every time, and worth nothing to anybody."""
        number = int(self.keyed("placeholder", credential), 16)
        letters = [_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(_LENGTH)]
        return prefix + "".join(letters)

    def keyed(self, *parts: str) -> str:
        """A name for something of this agent, from which nothing can be read."""
        content = json.dumps([*astuple(self.principal), *parts]).encode()
        return hmac.digest(self.key, content, "sha256").hex()
