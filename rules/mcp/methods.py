"""What each method does, in both directions. A method that is not here is not known."""

from enum import StrEnum

from rules.verdict import Tier


class Kind(StrEnum):
    """How a method is judged."""

    PASS = "pass"  # noqa: S105 (a kind, not a password)
    """It belongs to the protocol and does nothing outside of it."""
    CALL = "call"
    """It calls a tool: what it does is the tool's."""
    WEIGH = "weigh"
    """Rules judge it like a tool of its name; where none speaks, it has a tier of its own."""
    UNKNOWN = "unknown"
    """Nobody here knows what it does."""


CALL_TOOL = "tools/call"
LIST_TOOLS = "tools/list"
LISTEN = "subscriptions/listen"
LIST_CHANGED = "notifications/tools/list_changed"

READ_BY_MODELS = frozenset({CALL_TOOL, "resources/read"})
"""Methods whose results are data that models read; a prompt is meant to instruct them."""

_PASSING = frozenset(
    {
        "initialize",
        "logging/setLevel",
        "notifications/cancelled",
        "notifications/initialized",
        "notifications/progress",
        "notifications/roots/list_changed",
        "ping",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "resources/unsubscribe",
        "server/discover",
        "tasks/cancel",
        "tasks/get",
        "tasks/list",
        "tasks/result",
        "tools/list",
    }
)
# Their arguments leave the machine, and rules may name them.
_WEIGHED = {
    "completion/complete": Tier.READ_ONLY,
    "prompts/get": Tier.READ_ONLY,
    "resources/read": Tier.READ_ONLY,
    "resources/subscribe": Tier.READ_ONLY,
    LISTEN: Tier.READ_ONLY,
    "tasks/update": Tier.EXTERNAL,
}
_SERVER_PASSING = frozenset(
    {
        "notifications/cancelled",
        "notifications/elicitation/complete",
        "notifications/message",
        "notifications/progress",
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
        "notifications/resources/updated",
        "notifications/subscriptions/acknowledged",
        "notifications/tasks/status",
        LIST_CHANGED,
        "ping",
    }
)
# A server that samples drives the agent's model and gets its words; roots are local paths.
_SERVER_WEIGHED = {
    "elicitation/create": Tier.REVERSIBLE,
    "roots/list": Tier.READ_ONLY,
    "sampling/createMessage": Tier.HIGH_RISK,
}


def of_client(method: str) -> Kind:
    """How a method is judged that the agent calls."""
    if method == CALL_TOOL:
        return Kind.CALL
    return _kind(method, _PASSING, _WEIGHED)


def of_server(method: str) -> Kind:
    """How a method is judged that a server calls."""
    return _kind(method, _SERVER_PASSING, _SERVER_WEIGHED)


def usual_tier(method: str) -> Tier | None:
    """The tier of a weighed method where no rule names it, None for anything else."""
    return (_WEIGHED | _SERVER_WEIGHED).get(method)


def is_method(name: str) -> bool:
    """Whether rules could take the name of a tool for the one of a method."""
    return name in _WEIGHED or name in _SERVER_WEIGHED


def _kind(method: str, passing: frozenset[str], weighed: dict[str, Tier]) -> Kind:
    if method in passing:
        return Kind.PASS
    return Kind.WEIGH if method in weighed else Kind.UNKNOWN
