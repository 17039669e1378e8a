"""Operations that arguments and bodies name: `{"action": "delete"}`, `{"calls": [{"tool": "send_mail"}]}`.

What is found only ever makes a call graver. A name is read where a dispatcher would look for it, and not
in what is written, searched for or passed on.
"""

from collections.abc import Iterator

from rules.general.effect import Evidence
from rules.general.names.naming import effect_within
from rules.general.names.words import split, words_of
from rules.request.strict_json import Json

MAX_VALUES = 200
"""Names after so many values are not looked at."""

_MAX_DEPTH = 4
# In front of a name they only say whose it is: `httpMethod`, `request_options`, `agent_tool_name`.
_WHOSE = words_of("http https request req rest api fetch web agent")
_WRITTEN_AS_ONE = {"httpmethod": "method", "httpverb": "verb", "requestmethod": "method"}
_NAMES = words_of(
    """
    action operation op command cmd verb method tool function
    action_name operation_type tool_name tool_slug function_name command_name method_name
    """
)
# A tool or a function may be an object with a name.
_NAMED = words_of("tool function action call command")
_LISTS = words_of(
    """
    calls tool_calls function_calls actions operations requests steps commands tasks batch
    batch_item_request
    """
)
_WITHIN = words_of(
    """
    arguments args params parameters input payload request req data body options opts init config settings
    """
)


def operations_in(value: Json, *, but: frozenset[str] = frozenset()) -> Iterator[Evidence]:
    """What each operation does that `value` names; `but`: names that mean something else here."""
    for name, text in _texts(value):
        if _bare(name) not in but and (effect := effect_within(text)) is not None:
            yield Evidence(effect=effect, because=f"its argument `{name}` {effect.says}")


def _texts(value: Json) -> Iterator[tuple[str, str]]:
    """Every text that may be the name of an operation, with the name of its member."""
    waiting: list[tuple[Json, int]] = [(value, 0)]
    for _ in range(MAX_VALUES):
        if not waiting:
            return
        members, depth = waiting.pop()
        if not isinstance(members, dict):
            continue
        for spelled, below in members.items():
            name = _bare(spelled)
            if isinstance(below, str) and name in _NAMES:
                yield "_".join(split(spelled)), below
            elif isinstance(below, dict) and name in _NAMED and isinstance(below.get("name"), str):
                yield "_".join(split(spelled)), str(below["name"])
            if depth < _MAX_DEPTH:
                waiting += ((one, depth + 1) for one in _below(name, below))


def _bare(spelled: str) -> str:
    """The name without what only says whose it is: `httpMethod` is `method`."""
    words = split(spelled)
    while len(words) > 1 and words[0] in _WHOSE:
        words = words[1:]
    name = "_".join(words)
    return _WRITTEN_AS_ONE.get(name, name)


def _below(name: str, value: Json) -> list[Json]:
    if isinstance(value, list) and name in _LISTS:
        return value[:MAX_VALUES]
    return [value] if isinstance(value, dict) and name in _WITHIN | _NAMED else []
