"""Small things that are put on a resource and taken off it: one call is the inverse of the other.

The evidence is the shape of the URL, under which both calls exist: `PUT` and `DELETE` of
`/issues/7/labels/bug`, of `/gists/7/star`. A label or tag that is a resource of its own has no such shape,
and one on a runner or a policy says where work goes or who may do what.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from rules.general.effect import Effect
from rules.general.names.lexicon import ACCESS, ROUTING, TOGGLED, VERBS
from rules.general.names.places import is_id
from rules.general.names.words import words_of

_METHODS = frozenset({"PUT", "POST", "DELETE"})
_OWN = frozenset({"starred", "following", "favorites", "bookmarks", "likes"})
_MINE = frozenset({"@me", "me"})
_EXTENSION = re.compile(r"\.(?:json|xml)\Z")
_SELF = frozenset({"me", "user", "self"})
_LEAST = 3
_GUARDED = ROUTING | ACCESS | words_of("security-groups access-lists")
# A label is evidence on what people write and work through; what it does elsewhere nobody knows.
_WORKED_ON = words_of(
    """
    issue issues pull pulls pull_request pull_requests pullrequests merge_request merge_requests
    message messages thread threads conversation conversations ticket tickets card cards task tasks
    item items page pages post posts article articles note notes file files document documents doc docs
    photo photos video videos song songs book books recipe recipes contact contacts company companies
    content contents question questions answer answers story stories topic topics discussion discussions
    comment comments record records lead leads deal deals opportunity opportunities idea ideas
    email emails mail mails draft drafts bookmark bookmarks link links product products gist gists
    """
)
_LABELS = frozenset({"tag", "tags", "tagging", "label", "labels", "untag", "unlabel"})
_SECRET = words_of("card cards account accounts user users customer customers device devices sim sims")
_POSTAGE = words_of("shipment shipments rate rates order orders parcel parcels package packages")
# There the same words mean a number to keep secret, and postage to pay.
_OTHERWISE = {"pin": _SECRET, "label": _POSTAGE}
# On these, where work goes or who may do what; or an alarm that nobody hears.
_NOT_ON = {"label": _GUARDED, "tag": _GUARDED, "mute": ROUTING, "snooze": ROUTING}


def toggles(method: str, segments: Sequence[str]) -> bool:
    """Whether a request to such a path is half of a pair."""
    path = [segment for segment in segments if segment]
    if path and "." in path[-1]:
        path[-1] = _EXTENSION.sub("", path[-1])
    while path[-1:] and path[-1] in _MINE:
        path.pop()
    if method not in _METHODS or len(path) < _LEAST:
        return False
    if path[-1] in TOGGLED or VERBS.get(path[-1]) is Effect.REVERSIBLE:
        return _is_on_a_thing(path[:-1], path[-1])
    if method != "POST" and path[-2] in TOGGLED and len(path) > _LEAST:
        return _is_on_a_thing(path[:-2], path[-2])
    own = any(before in _SELF and after in _OWN for before, after in pairwise(path))
    return own and path[-1] not in _OWN


def is_toggle(word: str, thing: Sequence[str]) -> bool:
    """Whether `word` means the small thing in the path of a `thing`, of which it says nothing else."""
    known = word.removesuffix("s").removesuffix("ging").removeprefix("un")
    small = _OTHERWISE.get(known, frozenset()).isdisjoint(thing)
    return small and _NOT_ON.get(known, frozenset()).isdisjoint(thing[-2:])


def _is_on_a_thing(thing: Sequence[str], word: str) -> bool:
    """Whether `thing` is the path of one thing, which `word` is harmlessly put on."""
    if not is_id(thing[-1]) or thing[-2] in _GUARDED or not is_toggle(word, thing):
        return False
    return word not in _LABELS or thing[-2] in _WORKED_ON
