"""Things that people keep for themselves, made by a tool whose server has the tool that takes them away.

Only named kinds of things, and only where no argument reaches anybody else: an event without guests, a
note, a draft.
"""

from collections.abc import Iterable, Iterator

from rules.call import ToolCall
from rules.general.names.lexicon import GRAVE_NOUNS
from rules.general.names.words import split, words_of
from rules.request.strict_json import Json

_THINGS = words_of(
    """
    event task todo note reminder draft folder directory file document playlist memo checklist alarm
    """
)
_MAKING = frozenset({"create", "add", "new", "save"})
_TAKING = frozenset({"delete", "remove", "cancel", "discard", "trash"})
_REACHING = words_of(
    """
    to cc bcc recipient recipients participant participants attendee attendees guest guests invitee
    invitees member members user users email emails assignee assignees share shared visibility public
    permission permissions collaborator collaborators url webhook callback
    """
)
MAX_VALUES = 1000


def is_own(call: ToolCall) -> bool:
    """Whether `call` makes such a thing, for nobody but the user."""
    if call.definition is None:
        return False
    words = split(call.tool)
    verb = next((place for place, word in enumerate(words) if word in _MAKING), None)
    if verb is None:
        return False
    thing = words[verb + 1 :]
    if not thing or thing[-1] not in _THINGS or not GRAVE_NOUNS.keys().isdisjoint(thing):
        return False
    undone = any(_takes(split(name), words[:verb], thing) for name in call.definition.siblings)
    return undone and not _reaches(call.arguments)


def _takes(name: list[str], product: list[str], thing: list[str]) -> bool:
    return len(name) > len(thing) and name[: len(product)] == product and _undo(name[len(product) :], thing)


def _undo(words: list[str], thing: list[str]) -> bool:
    return words[0] in _TAKING and words[1:] == thing


def _reaches(arguments: dict[str, Json]) -> bool:
    """Whether an argument may be about somebody else; one that is too large to look through may."""
    for number, (name, value) in enumerate(_members(arguments)):
        if number >= MAX_VALUES:
            return True
        if not _REACHING.isdisjoint(split(name)) and value not in (None, "", [], {}, False):
            return True
        if isinstance(value, str) and "@" in value:
            return True
    return False


def _members(value: Json) -> Iterator[tuple[str, Json]]:
    """Every value below `value` with the nearest name above it."""
    waiting: list[tuple[str, Json]] = [("", value)]
    while waiting:
        name, found = waiting.pop()
        yield name, found
        waiting += _below(name, found)


def _below(name: str, value: Json) -> Iterable[tuple[str, Json]]:
    if isinstance(value, dict):
        return value.items()
    return ((name, item) for item in value) if isinstance(value, list) else ()
