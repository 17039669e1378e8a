"""What a message asks for, as far as the gate is concerned."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from rules.call import ToolCall, ToolDefinition
from rules.mcp.listing import OWN
from rules.mcp.message import Id, Members, Notification, Request, meta_of
from rules.mcp.methods import Kind, is_method, of_client, of_server, usual_tier
from rules.mcp.protocol import INVALID_PARAMS
from rules.mcp.tasks import Style, hold_of
from rules.mcp.versions import is_modern
from rules.mcp.wire import Malformed
from rules.talk import MAX_ANSWER
from rules.trace import HEADER
from rules.verdict import Tier

_MAX_WAIT = 20
_MAX_NAME = 256
# A task's result is waited for until it is there.
_RESULT_WAIT = 3600
_ABOUT_TASKS = frozenset({"tasks/get", "tasks/result", "tasks/cancel", "tasks/update"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A call that rules judge. `usual`: its tier where none speaks; None: the general reading has it."""

    call: ToolCall
    usual: Tier | None = None

    @property
    def holdable(self) -> bool:
        """Whether there is an answer that says "held": only a tool's result can."""
        return self.usual is None


class Wish(StrEnum):
    """What an agent wants to do with a hold of its own. Its value is the tool or the method that says so."""

    AWAIT = "sidegate_await"
    """To wait for its outcome."""
    STATUS = "sidegate_status"
    """To hear how it stands."""
    CANCEL = "sidegate_cancel"
    """To take it back."""
    TASK = "tasks/get"
    """To hear how the task stands, and its outcome."""
    TASK_RESULT = "tasks/result"
    """To wait for the task's outcome."""
    TASK_CANCEL = "tasks/cancel"
    """To take the task back."""
    TASK_UPDATE = "tasks/update"
    """To give it what it never asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A call of one of the gate's own tools, or of a method about one of its own tasks."""

    hold_id: str
    wait: int
    """Seconds that the agent is ready to wait."""
    wish: Wish = Wish.AWAIT
    answer: str = ""
    """What it answers to what it was asked."""
    tasks: Style = Style.FLAT
    """Which generation's tasks the agent knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """The protocol's own business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A method that nobody here knows."""


type Meaning = Weighed | Own | Plain | Unknown | Malformed


def asked_by_client(
    message: Request | Notification, *, server: str, tool: ToolDefinition | None = None
) -> Meaning:
    """What an agent's `message` asks of `server`; `tool`: what the server says of the called one."""
    hold_id = hold_of(message.params.get("taskId")) if isinstance(message, Request) else None
    if hold_id is not None and message.method in _ABOUT_TASKS:
        return _own_task(message, hold_id)
    match of_client(message.method):
        case Kind.PASS:
            return Plain()
        case Kind.CALL:
            return _tool_call(message, server, tool)
        case Kind.WEIGH:
            return _weighed(message, server)
        case Kind.UNKNOWN:
            return Unknown()


def asked_by_server(message: Request | Notification, *, server: str) -> Meaning:
    """What `message` of `server` asks of the agent."""
    match of_server(message.method):
        case Kind.PASS:
            return Plain()
        case Kind.WEIGH:
            return _weighed(message, server)
        case _:
            return Unknown()


def _weighed(message: Request | Notification, server: str) -> Weighed:
    call = ToolCall(server=server, tool=message.method, arguments=message.params)
    usual = usual_tier(message.method)
    if message.method == "elicitation/create" and message.params.get("mode") == "url":
        usual = Tier.EXTERNAL  # it leads people somewhere
    return Weighed(call=call, usual=usual)


def _tool_call(
    message: Request | Notification, server: str, tool: ToolDefinition | None
) -> Weighed | Own | Malformed:
    name, arguments = message.params.get("name"), _arguments(message.params)
    if isinstance(message, Notification):
        return _invalid("a tool is called without an id", None)
    if not isinstance(name, str) or not _is_plain(name):
        return _invalid("the tool's name is no text, or has characters that nobody sees", message.id)
    if is_method(name):
        return _invalid("the tool's name is the one of a method", message.id)
    if name in OWN:
        return _own(name, arguments, message.id)
    said = meta_of(message).get(HEADER)
    trace = said if isinstance(said, str) else ""
    call = ToolCall(server=server, tool=name, arguments=arguments, definition=tool, trace=trace)
    return Weighed(call=call)


def _own(name: str, arguments: Members, id_: Id) -> Own | Malformed:
    hold_id, wait = arguments.get("hold_id"), arguments.get("wait_seconds", 3)
    if not isinstance(hold_id, str) or len(hold_id) > _MAX_NAME or not isinstance(wait, int):
        return _invalid("`hold_id` has to be the id of a held call, and `wait_seconds` a number", id_)
    wish, said = Wish(name), arguments.get("answer", "")
    if not isinstance(said, str) or len(said.encode("utf-8", "replace")) > MAX_ANSWER:
        return _invalid(f"`answer` has to be a text of at most {MAX_ANSWER} bytes", id_)
    if wish is not Wish.AWAIT:
        return Own(hold_id=hold_id, wait=0, wish=wish)
    return Own(hold_id=hold_id, wait=max(0, min(wait, _MAX_WAIT)), wish=wish, answer=said.strip())


def _own_task(message: Request | Notification, hold_id: str) -> Own:
    wish = Wish(message.method)
    return Own(
        hold_id=hold_id[:_MAX_NAME],
        wait=_RESULT_WAIT if wish is Wish.TASK_RESULT else 0,
        wish=wish,
        tasks=Style.FLAT if is_modern(message) else Style.NESTED,
    )


def _arguments(params: Members) -> Members:
    arguments = params.get("arguments")
    return arguments if isinstance(arguments, dict) else {}


def _is_plain(name: str) -> bool:
    """Whether what people see of `name` is all of it."""
    seen = name.isascii() or all(unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") for c in name)
    return seen and name.isprintable() and name == name.strip() and 0 < len(name) <= _MAX_NAME


def _invalid(reason: str, id_: Id | None) -> Malformed:
    return Malformed(code=INVALID_PARAMS, reason=reason, id=id_)
