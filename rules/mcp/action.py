"""The immutable binding of a tool call: what a reviewer approves, whatever carries it."""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any

import rfc8785

from rules.action import Principal
from rules.call import ToolCall
from rules.headers import Fields
from rules.mcp.message import Members, text_of
from rules.request.strict_json import canonical, parse

PROTOCOL = "mcp"

_TEXTS = ("server", "place", "tool")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAction:
    """One `tools/call` as it would run: request ids, `_meta` and credentials are the carrier's."""

    server: str
    """The server's name, as rules have it."""
    place: str
    """Where the server is: its URL, or what tells the command that it is from every other one."""
    tool: str
    body: bytes
    """The arguments, as the exact bytes of our serialization."""
    principal: Principal
    fields: Fields = ()
    """The header fields that go with it over HTTP, but for those of the session."""
    drill: bool = False
    """Whether nobody asked for it, and it must never run."""

    @property
    def method(self) -> str:
        """What is asked of the server."""
        return "tools/call"

    @property
    def url(self) -> str:
        """Server and tool, for people."""
        return f"mcp:{self.server}/{self.tool}"

    @property
    def arguments(self) -> Members:
        """The arguments as values."""
        value = parse(self.body)
        assert isinstance(value, dict)  # noqa: S101 (binding and unbinding see to it)
        return value

    @property
    def call(self) -> ToolCall:
        """The call that rules judge."""
        return ToolCall(server=self.server, tool=self.tool, arguments=self.arguments)

    @property
    def digest(self) -> str:
        """SHA-256 over the RFC 8785 form of the binding, the arguments' exact bytes hashed in."""
        return hashlib.sha256(rfc8785.dumps(self.binding())).hexdigest()

    def binding(self) -> dict[str, Any]:
        """The binding as JSON values, the arguments as their SHA-256."""
        return {
            "version": 1,
            "protocol": PROTOCOL,
            "server": self.server,
            "place": self.place,
            "tool": self.tool,
            "fields": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in self.fields],
            "body_sha256": hashlib.sha256(self.body).hexdigest(),
            "principal": asdict(self.principal),
            **({"drill": True} if self.drill else {}),
        }


def bind_tool(call: ToolCall, principal: Principal, *, place: str, fields: Fields = ()) -> ToolAction:
    """The action that `call` asks for, of the server at `place`."""
    return ToolAction(
        server=call.server,
        place=place,
        tool=call.tool,
        body=text_of(call.arguments).encode("ascii"),
        principal=principal,
        fields=fields,
    )


def unbind_tool(binding: dict[str, Any], body: bytes) -> ToolAction:
    """The action that `binding` and `body` describe. Raises ValueError where they do not fit.

    Whether it is the action that was approved, only its digest tells.
    """
    try:
        if any(type(binding[name]) is not str for name in _TEXTS) or not isinstance(parse(body), dict):
            raise ValueError("the stored action is not a binding")
        action = ToolAction(
            **{name: binding[name] for name in _TEXTS},
            body=body,
            principal=Principal(**binding["principal"]),
            fields=tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in binding["fields"]),
            drill=binding.get("drill", False),
        )
        # As text, because to Python 1 equals True.
        same = json.dumps(action.binding(), sort_keys=True) == json.dumps(binding, sort_keys=True)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError("the stored action is not a binding") from error
    if not same:
        raise ValueError("the stored action does not describe its own arguments")
    return action


def tool_fingerprint(action: ToolAction, key: bytes) -> str:
    """Keyed hash of the action's meaning: the same for every spelling of equal arguments."""
    meaning = action.binding() | {
        "fields": sorted([n.decode("latin-1"), v.decode("latin-1")] for n, v in action.fields),
        "body_sha256": f"json:{canonical(action.arguments)}",
    }
    return hmac.digest(key, rfc8785.dumps(meaning), "sha256").hex()
