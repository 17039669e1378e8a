"""Operations that stand in the path of a request: `chat.delete`, `documents:search`, `me/sendMail`."""

import re
from collections.abc import Iterator

from rules.call import HttpCall
from rules.general.effect import Effect, Evidence
from rules.general.names.lexicon import BOTH, CONSEQUENTIAL, READING_NOUNS, TOGGLED
from rules.general.names.naming import effect_of
from rules.general.names.places import is_id, last_names
from rules.general.names.words import split, words_of
from rules.general.toggle import is_toggle

_GETTING = frozenset({"GET", "HEAD", "OPTIONS"})
_ROOTS = frozenset({"api", "rpc", "xrpc", "methods"})
# As the whole last segment these name a new thing as often as a search: `POST /boards/7/list`.
_NEW_THINGS = frozenset({"list", "view", "check", "match", "filter", "show", "head", "scan", "count"})
# What is read by POST is a thing that a GET would not give: `listKeys`.
_SECRETS = words_of("key keys secret secrets sas password passwords token tokens")
# The next part of an answer to what stands before: `/list_folder/continue`.
_ON = re.compile(r"continue(?:_v[0-9])?")
_MAX_WORDS_OF_GET = 2
_JOINED = tuple(sorted(CONSEQUENTIAL))
_MILD = frozenset({Effect.READ, Effect.REVERSIBLE, Effect.CHANGE})


def operations(call: HttpCall) -> Iterator[Evidence]:
    """What the last segment says, where it is the name of an operation and not of a thing."""
    before, last = last_names(call.segments)
    if ":" in last and not last.startswith(":"):
        yield from _of_custom_verb(call, last)
    elif "." in last and before in _ROOTS:
        yield _of_dotted(call, last)
    elif call.method in _GETTING:
        yield from _of_getting(last)
    elif call.method == "POST":
        yield from _of_action(call, before, last)


def _of_custom_verb(call: HttpCall, last: str) -> Iterator[Evidence]:
    """`:verb` after a resource (AIP-136)."""
    verb = last.rpartition(":")[2]
    if call.method in _GETTING and CONSEQUENTIAL.isdisjoint(split(verb)[:1]):
        return
    effect = effect_of(verb)
    if effect is not None:
        yield Evidence(effect=effect, because=f"by its name `:{verb}` {effect.says}")


def _of_dotted(call: HttpCall, last: str) -> Evidence:
    """A remote procedure: nothing but its name says what it does, least of all the method."""
    path = last.split(".")
    name, noun = path[-1], path[-2]
    effect = effect_of(name)
    words = split(name)
    if noun in TOGGLED and name in ("add", "remove"):
        effect = Effect.REVERSIBLE
    elif effect is None and (_gives(words, call.method) or "search" in path[:-1]):
        effect = Effect.READ
    if effect is None or not words:
        return Evidence(effect=Effect.CHANGE, because="its remote procedure may change something")
    return Evidence(effect=effect, because=f"by its name `{last[-80:]}` {effect.says}")


def _gives(words: list[str], method: str) -> bool:
    """Whether a name without a verb says what is given back: for a GET, any number of things."""
    if not words:
        return False
    return words[-1] in READING_NOUNS or (method in _GETTING and words[-1].endswith("s"))


def _of_getting(last: str) -> Iterator[Evidence]:
    """A GET whose path ends in what nobody calls a thing: `/orders/7/cancel`, `/sendMessage`."""
    words = split(last)
    if not words or len(words) > _MAX_WORDS_OF_GET:
        return
    joined = len(words) == 1 and words[0] not in BOTH and words[0].startswith(_JOINED)
    if words[0] not in CONSEQUENTIAL and not joined:
        return
    effect = effect_of(last)
    if effect is not None and (words[0] in CONSEQUENTIAL or effect not in _MILD):
        yield Evidence(effect=effect, because=f"by the end of its path, `{words[0]}`, it {effect.says}")


def _of_action(call: HttpCall, before: str, last: str) -> Iterator[Evidence]:
    """An action that is posted to: `/me/sendMail`, `/customers/search`."""
    if before and _ON.fullmatch(last):
        last = before
    effect, words = effect_of(last), split(last)
    if effect is None or is_id(last):
        return
    if effect is Effect.READ and not _SECRETS.isdisjoint(words[1:]):
        effect = Effect.PRIVILEGE
    if effect is Effect.READ and _may_be_new(before, words, last):
        return
    if effect is Effect.REVERSIBLE and len(words) == 1 and not is_toggle(last, _above(call)):
        return
    yield Evidence(effect=effect, because=f"by the end of its path, `{words[0]}`, it {effect.says}")


def _above(call: HttpCall) -> list[str]:
    return [segment for segment in call.segments if segment][:-1]


def _may_be_new(before: str, words: list[str], last: str) -> bool:
    """Whether the last segment may as well be a collection in which a thing is made; `_count` is none."""
    if last.startswith("_"):
        return False
    if len(words) == 1:
        return words[0] in _NEW_THINGS and (words[0] != "list" or is_id(before) or not before)
    plural = words[-1].endswith("s") and last.islower()
    return plural and words[0] in BOTH and words[0] != "list"
