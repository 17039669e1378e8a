"""Small things that are put on a resource and taken off it: one call is the inverse of the other.

The evidence is the shape of the URL, under which both calls exist: `PUT` and `DELETE` of
`/issues/7/labels/bug`, of `/gists/7/star`. A label or tag that is a resource of its own has no such shape.
"""

from collections.abc import Sequence
from itertools import pairwise

from rules.general.effect import Effect
from rules.general.lexicon import TOGGLED, VERBS
from rules.general.places import is_id
from rules.general.words import words_of

_METHODS = frozenset({"PUT", "POST", "DELETE"})
_OWN = frozenset({"starred", "following", "favorites", "bookmarks", "likes"})
_SELF = frozenset({"me", "user", "self"})
_LEAST = 3
# There the same words mean a number to keep secret, and postage to pay.
_OTHERWISE = {
    "pin": words_of("card cards account accounts user users customer customers device devices sim sims"),
    "label": words_of("shipment shipments rate rates order orders parcel parcels package packages"),
}


def toggles(method: str, segments: Sequence[str]) -> bool:
    """Whether a request to such a path is half of a pair."""
    path = [segment for segment in segments if segment]
    if method not in _METHODS or len(path) < _LEAST:
        return False
    if path[-1] in TOGGLED or VERBS.get(path[-1]) is Effect.REVERSIBLE:
        return is_id(path[-2]) and is_toggle(path[-1], path)
    if method != "POST" and path[-2] in TOGGLED and len(path) > _LEAST:
        return is_id(path[-3]) and is_toggle(path[-2], path)
    own = any(before in _SELF and after in _OWN for before, after in pairwise(path))
    return own and path[-1] not in _OWN


def is_toggle(word: str, segments: Sequence[str]) -> bool:
    """Whether `word` means the small thing in a path of these segments."""
    return _OTHERWISE.get(word.removesuffix("s"), frozenset()).isdisjoint(segments)
