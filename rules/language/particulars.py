"""What a rule may say of its calls beside their tier: how to undo them, and examples of them."""

from typing import Self

from pydantic import JsonValue, model_validator

from rules.language.document import Strict
from rules.language.vocabulary import Level, Method, Reason, ToolName, UndoPath, Url


class Reversible(Strict):
    """The call that takes back what the rule's calls do: a request, or for a tool another tool."""

    method: Method | None = None
    """The method of the request that undoes it."""
    path: UndoPath | None = None
    """Its path; `{names}` are of the rule's own path or of the answer."""
    tool: ToolName | None = None
    """The tool that undoes it, on the same server."""
    note: Reason | None = None
    """What a person has to know about it: until when it works, what it does not bring back."""

    @model_validator(mode="after")
    def _names_one_call(self) -> Self:
        if self.tool is None and (self.method is None or self.path is None):
            raise ValueError("it names no call; write `{method, path}`, or `{tool}` for a tool call")
        if self.tool is not None and (self.method is not None or self.path is not None):
            raise ValueError("it names a request and a tool; write the one that undoes the rule's calls")
        return self


class ExampleRequest(Strict):
    """An HTTP request, or an MCP tool call."""

    method: Method | None = None
    """In capitals."""
    url: Url | None = None
    """Whole, with scheme and host."""
    headers: dict[str, str] | None = None
    """Header fields by name."""
    body: JsonValue = None
    """Text as it is sent, or JSON, which is sent as `application/json`."""
    server: ToolName | None = None
    """The MCP server's configured name."""
    tool: ToolName | None = None
    """The tool's name."""
    arguments: dict[str, JsonValue] | None = None
    """The tool's arguments."""

    @model_validator(mode="after")
    def _is_one_call(self) -> Self:
        needed = {"server", "tool"} if self.of_tool else {"method", "url"}
        if not needed <= self.model_fields_set:
            raise ValueError("it is no whole call; write `{method, url}` or, for a tool, `{server, tool}`")
        if self.of_tool and self.model_fields_set & {"method", "url", "headers", "body"}:
            raise ValueError("it is a request and a tool call; write two examples")
        return self

    @property
    def of_tool(self) -> bool:
        """Whether it is a tool call."""
        return bool(self.model_fields_set & {"server", "tool", "arguments"})


class Example(Strict):
    """A call and what all rules together must make of it. `sidegate test` runs it."""

    request: ExampleRequest
    """The call."""
    tier: Level | None = None
    """Its tier. Left out only with `forbidden: true`."""
    forbidden: bool = False
    """True: the call must be blocked."""

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if (self.tier is None) is not self.forbidden:
            raise ValueError("it expects nothing or two things; write `tier` or `forbidden: true`")
        return self
