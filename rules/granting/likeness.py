"""What calls have in common that one grant covers, and which calls no grant can cover."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from rules.action import Action, Principal
from rules.approval import needed_for
from rules.call import Call, HttpCall, PayloadKind
from rules.handling import Quorum
from rules.hold import Hold
from rules.matching.asking import asked_of
from rules.mcp.action import ToolAction
from rules.normalize import normalize
from rules.request.strict_json import Json
from rules.review.inert import hides
from rules.review.part import contents
from rules.review.past import shape_of
from rules.ruleset import Ruleset
from rules.verdict import ReasonId, Refusal, Tier

MOST_NAMES = 200
"""Names that a call may carry to be covered."""
MOST_LETTERS = 8_000
"""Characters of all that, to be kept with a grant."""

_NAMED = frozenset({ReasonId.RULE, ReasonId.RULE_LOWERED})
# What a reader may take for ISO 8859-1.
_HEAD = frozenset({"target", "headers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What a call shares with every other one that the same grant covers."""

    agent: tuple[str, str, str]
    """For whom, through what and who acts, in whatever session."""
    rule: str
    policy: str
    """Hash of the rules under which it was held."""
    place: str
    """Scheme, host and port, or where the MCP server is."""
    shape: str
    """Method and path, or server and tool, and the operations that the payload asks for."""
    names: tuple[str, ...]
    """Every header, query parameter and member that it carries, sorted: values may differ, names may not."""

    @property
    def host(self) -> str:
        """The host, or the MCP server's name, by which people have scopes."""
        return self.place.split(" ")[1]

    def covers(self, other: "Likeness") -> bool:
        """Whether `other` is such a call, and carries nothing that this one does not know."""
        mine = (self.agent, self.rule, self.policy, self.place, self.shape)
        its = (other.agent, other.rule, other.policy, other.place, other.shape)
        return mine == its and set(other.names) <= set(self.names)


def likeness_of(hold: Hold, action: Action | ToolAction, ruleset: Ruleset) -> Likeness | str:
    """What the held call shares with others like it, or why no grant can cover it: continues "it ...".

    INVARIANT: what a hidden member, a second reading or a doubt could make of a call, no grant covers.
    """
    call = action.call if isinstance(action, ToolAction) else normalize(action.message(), paths=ruleset.paths)
    if (why := _uncoverable(hold, action, ruleset)) is not None:
        return why
    if isinstance(call, Refusal):
        return "cannot be read under the rules of now"
    if (why := _ambiguous(call)) is not None:
        return why
    if _conceals(action, call):
        return "has characters that nobody sees, or is no text"
    names = tuple(sorted(set(_names(action, call))))
    if len(names) > MOST_NAMES or sum(map(len, names)) > MOST_LETTERS:
        return "carries more members than can be compared"
    return Likeness(
        agent=_agent(action.principal),
        rule=hold.rule or "",
        policy=hold.policy,
        place=_place(action),
        shape=" ".join((shape_of(call, hold.rule), *(sorted(set(asked_of(call) or ()))))),
        names=names,
    )


def _uncoverable(hold: Hold, action: Action | ToolAction, ruleset: Ruleset) -> str | None:
    if hold.tier is not Tier.EXTERNAL:
        return f"is of tier {hold.tier:d}, which is decided one by one"
    if hold.rule is None or hold.reason_id not in _NAMED:
        why = f"is held for `{hold.reason_id}` and not because a rule surely names it"
        return why if hold.rule else f"{why}: write one for such calls first"
    if hold.policy != ruleset.hash:
        return "was held under other rules than those of now"
    if hold.generation > 1:
        return "was changed by a reviewer"
    if needed_for(action, ruleset, rule=hold.rule).quorum != Quorum():
        return "needs more than one person, or somebody of a group"
    return None


def _ambiguous(call: Call) -> str | None:
    if not isinstance(call, HttpCall):
        return None
    if call.overrides or call.other_paths:
        return "has more than one reading"
    if call.payload.kind is PayloadKind.OPAQUE or asked_of(call) is None:
        return "has a body that nobody here can read, so none can be called like it"
    return None


def _agent(principal: Principal) -> tuple[str, str, str]:
    return principal.human, principal.service, principal.agent


def _place(action: Action | ToolAction) -> str:
    if isinstance(action, ToolAction):
        return f"mcp {action.server} {action.place}"
    return f"{action.scheme} {action.host} {action.port}"


def _conceals(action: Action | ToolAction, call: Call) -> bool:
    """Whether some of it would not be seen by whoever reads all of it."""
    value = call.payload.value if isinstance(call, HttpCall) else call.arguments
    if value is not None and hides(json.dumps(value, ensure_ascii=False, default=str)):
        return True
    for name, content in contents(action, call).items():
        try:
            text = content.decode("latin-1" if name in _HEAD else "utf-8")
        except UnicodeDecodeError:
            return True
        if hides(text):
            return True
    return False


def _names(action: Action | ToolAction, call: Call) -> Iterator[str]:
    for name, _ in action.fields:
        yield f"header {name.decode('latin-1').lower()}"
    if isinstance(call, HttpCall):
        for parameter, _ in call.query:
            yield f"query {parameter}"
        yield f"body {call.payload.kind}"
        yield from _members(call.payload.value, "")
    else:
        yield from _members(call.arguments, "")


def _members(value: Json, path: str) -> Iterator[str]:
    """The path of every member; what stands in a list is all of one kind, and so is each kind of value."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _members(one, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for one in value:
            yield from _members(one, f"{path}/*")
    yield f"member {path} {_kind(value)}"


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "text"
    return {dict: "object", list: "list", type(None): "nothing"}.get(type(value), "number")
