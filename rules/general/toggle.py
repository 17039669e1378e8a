"""Small things that are put on a resource and taken off it: one call is the inverse of the other.

The evidence is the shape of the URL, under which both calls exist: `PUT` and `DELETE` of
`/issues/7/labels/bug`, of `/gists/7/star`. A label or tag that is a resource of its own has no such shape.
"""

from collections.abc import Sequence
from itertools import pairwise

from rules.general.effect import Effect
from rules.general.names.lexicon import TOGGLED, VERBS
from rules.general.names.places import is_id
from rules.general.names.words import words_of

_METHODS = frozenset({"PUT", "POST", "DELETE"})
_OWN = frozenset({"starred", "following", "favorites", "bookmarks", "likes"})
_SELF = frozenset({"me", "user", "self"})
_LEAST = 3
# What is put on these decides who may do what.
_GUARDED = words_of(
    """
    firewall firewalls policy policies role roles permission permissions group groups user users
    security-groups access-lists acl acls keys secrets
    """
)
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
        return _is_on_a_thing(path[:-1], path[-1])
    if method != "POST" and path[-2] in TOGGLED and len(path) > _LEAST:
        return _is_on_a_thing(path[:-2], path[-2])
    own = any(before in _SELF and after in _OWN for before, after in pairwise(path))
    return own and path[-1] not in _OWN


def is_toggle(word: str, segments: Sequence[str]) -> bool:
    """Whether `word` means the small thing in a path of these segments."""
    return _OTHERWISE.get(word.removesuffix("s"), frozenset()).isdisjoint(segments)


def _is_on_a_thing(thing: Sequence[str], word: str) -> bool:
    """Whether `thing` is the path of one thing, which `word` is harmlessly put on."""
    return is_id(thing[-1]) and thing[-2] not in _GUARDED and is_toggle(word, thing)
