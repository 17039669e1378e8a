"""What the name of an operation says that it does."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from rules.general.effect import Effect
from rules.general.names.lexicon import (
    ACCESS,
    BOTH,
    CREDENTIALS,
    ENDS_OF_READS,
    GRAVE_NOUNS,
    JOINTS,
    MARKS,
    MODIFIERS,
    PARTICLES,
    PREFIX_ENDINGS,
    PREFIXES,
    READ_OBJECTS,
    READING_NOUNS,
    ROUTING,
    STATES,
    TOGGLED,
    UNMISTAKABLE,
    VERBS,
)
from rules.general.names.words import split

_ASKING = (["search"], ["query"], ["lookup"])
_LEAST_REST = 3
_ATTACHING = frozenset({"add", "remove", "apply"})
# These make and delete labels themselves; tags are nothing but what is put on a thing.
_MAKING = frozenset({"create", "delete", "put", "change"})
_MARKING = frozenset({"mark", "set", "unset", "end"})
_MARKED = MARKS.union(f"{verb}{mark}" for verb in _MARKING for mark in MARKS)
# None of them begins another one.
_PREFIX = re.compile("|".join(sorted(PREFIXES)))
_AFTER_TAGS = frozenset({"to", "from", "for", "on", "of", "resource", "resources"})


@lru_cache(maxsize=4096)
def effect_of(name: str) -> Effect | None:
    """What the verb at the beginning of `name` does; None if there is none that is known.

    For names that begin with their verb, as those of remote procedures and of actions on a resource do.
    """
    words = _bare(_joined(split(name)))
    if not words:
        return None
    if _only_reads(words, name):
        return Effect.READ
    if words[0] in VERBS:
        return _of_words(words)
    return _of_prefix(words[0]) if len(words) == 1 else None


def _only_reads(words: list[str], name: str) -> bool:
    """Whether the verb reads because of its object; `compute` is a verb only in `computeRoutes`."""
    plain = len(words) > 1 and not {"-", "_"} & set(name) and JOINTS.isdisjoint(words)
    return plain and (words[0] == "compute" or words[-1] in READ_OBJECTS.get(words[0], ()))


def effect_within(name: str) -> Effect | None:
    """The same for names that may begin with a product's or a resource's name."""
    words = _joined(split(name))
    if words and words[-1] in ENDS_OF_READS:
        return Effect.READ
    places = [place for place, word in enumerate(words) if word in VERBS]
    if not places:
        return Effect.READ if words and words[-1] in READING_NOUNS else None
    sure = [place for place in places if words[place] not in BOTH or words[place:] in _ASKING]
    if not sure and len(words) > 1:
        return _of_nouns(words, places[0])
    # `email_search` searches, though `email` may be a verb as well.
    start = sure[0] if sure and words[places[0]] in BOTH else places[0]
    last = [VERBS[words[-1]]] if start and words[-1] in UNMISTAKABLE else []
    effect = _of_words(words[start:])
    # `orderCancel`: where the thing stands first, it still is what is changed.
    before = words[:start] if effect is Effect.CHANGE else []
    return _gravest([effect, *last, *(GRAVE_NOUNS[word] for word in before if word in GRAVE_NOUNS)])


def _of_nouns(words: list[str], place: int) -> Effect | None:
    """What a name says whose only verbs may be nouns: `git_log`, `order_status`, `tweet_it`."""
    if words[-1] in STATES:
        return Effect.READ
    effect = _of_words(words[place:])
    return None if place == len(words) - 1 and effect is not Effect.READ else effect


def _joined(words: list[str]) -> list[str]:
    """With each verb and its particle as the one verb that they are: `check_out`, `shutDown`."""
    for place in range(len(words) - 2, -1, -1):
        verb = "".join(words[place : place + 2])
        if words[place + 1] in PARTICLES and verb in VERBS:
            words = [*words[:place], verb, *words[place + 2 :]]
    return words


def _bare(words: list[str]) -> list[str]:
    """Without what only says how often or how hard: `BatchGetItem`, `permanentDelete`."""
    start = next((place for place, word in enumerate(words) if word not in MODIFIERS), len(words))
    return words[start:]


def _of_words(words: Sequence[str]) -> Effect:
    """What a name does that begins with a verb."""
    effect, rest = VERBS[words[0]], words[1:]
    if _toggles(words[0], rest):
        effect = Effect.REVERSIBLE
    if effect is Effect.REVERSIBLE and not (ROUTING | ACCESS).isdisjoint(rest):
        return Effect.CHANGE
    if effect is Effect.READ and not CREDENTIALS.isdisjoint(rest):
        effect = Effect.PRIVILEGE
    elif effect is Effect.CHANGE:
        effect = _gravest((effect, *(GRAVE_NOUNS[word] for word in rest if word in GRAVE_NOUNS)))
    return _gravest((effect, *_further(words)))


def _toggles(verb: str, rest: Sequence[str]) -> bool:
    """Whether the object is one that is put on things and taken off again, as tags are."""
    if not rest:
        return False
    if verb in _MARKING:
        return not MARKS.isdisjoint(rest[:2])
    attached = TOGGLED if verb in _ATTACHING else ("tags", "tagging") if verb in _MAKING else ()
    return rest[0] in attached and (len(rest) == 1 or rest[1] in _AFTER_TAGS)


def _further(words: Sequence[str]) -> Iterator[Effect]:
    """What a second verb adds: after an `and`, or at the end of what begins like a noun."""
    for before, word in pairwise(words):
        if before in JOINTS and word in VERBS:
            yield VERBS[word]
    if words[0] in BOTH:
        yield from (VERBS[word] for word in (*words[1:2], words[-1]) if word in UNMISTAKABLE)


def _of_prefix(word: str) -> Effect | None:
    """What a name does that is written without any mark between its words: `getmembergroups`."""
    if word in _MARKED:
        return Effect.REVERSIBLE
    word = word.removeprefix("batch")
    if word in VERBS:
        return VERBS[word]
    found = _PREFIX.match(word)
    rest = word[found.end() :] if found else ""
    if found is None or len(rest) < _LEAST_REST or rest.startswith(PREFIX_ENDINGS):
        return None
    return VERBS[found[0]]


def _gravest(effects: Sequence[Effect]) -> Effect:
    return max(effects, key=lambda effect: effect.gravity)
