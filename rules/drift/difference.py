"""What two images of a thing do not share, and what a call would make of the first.

Equal entity tags are the upstream's word that nothing has changed. Without them the content is compared:
JSON member by member, leaving out those whose names say that they change by themselves; anything else by
its hash. A rule that names what counts is taken at its word, volatile or not.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from rules.action import Action
from rules.call import Payload, PayloadKind
from rules.drift.image import Image
from rules.general.names.words import words_of
from rules.headers import Fields, first
from rules.matching.reading import ANY, Gap, Steps
from rules.request.body import read_body
from rules.request.strict_json import Json, canonical

MAX_CHANGES = 50
_MAX_SHOWN = 200
_MERGE_PATCH = b"application/merge-patch+json"

# Compared in lower case without `_`, `-`, `@` and `.`.
VOLATILE = words_of(
    """
    updated updatedat updatedon updatetime updateddate lastupdated lastupdatedat lastupdatetime
    modified modifiedat modifiedon modifiedtime modifieddate lastmodified lastmodifiedat
    lastmodifieddate lastmodifieddatetime lastmodifiedtime datemodified systemmodstamp
    accessedat lastaccessed lastaccessedat lastaccesstime lastseen lastseenat lastused lastusedat
    lastviewed lastviewedat lastvieweddate lastreferenceddate lastactivityat
    etag odataetag resourceversion
    requestid requestids traceid correlationid now servertime generatedat fetchedat retrievedat
    views viewcount viewscount hits hitcount visits visitcount downloads downloadcount playcount
    impressions impressioncount
    """
)
_IGNORED_IN_NAMES = str.maketrans("", "", "_-@. ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One member that differs. `path`: dotted, empty for the whole; values as JSON text, None for none."""

    path: str
    before: str | None
    after: str | None


def changes(before: Image, after: Image, counted: Sequence[Steps] = ()) -> tuple[Change, ...]:
    """What has changed from `before` to `after`; nothing where they show the same."""
    if not before.there or not after.there:
        return () if before.there == after.there else (_presence(before, after),)
    if _same_tag(before, after):
        return ()
    if before.text is None or after.text is None:
        same = bool(before.sha256) and before.sha256 == after.sha256
        return () if same else (_content(before, after),)
    if counted:
        pairs = _counted(before.value, after.value, counted)
    else:
        pairs = _differing((), before.value, after.value)
    return tuple(islice((_change(*pair) for pair in pairs), MAX_CHANGES))


def intended(action: Action, before: Image) -> tuple[Change, ...] | None:
    """What `action` would change of `before`, or None where its body does not say that."""
    if action.method == "DELETE":
        return (Change(path="", before="present", after=None),) if before.there else ()
    payload = read_body(action.fields, action.body)
    body = payload.value if isinstance(payload, Payload) and payload.kind is PayloadKind.JSON else None
    if before.text is None or not isinstance(body, dict):
        return None
    if action.method == "PUT":
        pairs = _differing((), before.value, body, every=True)
    elif action.method == "PATCH" and _is_merge(action.fields):
        pairs = _merged((), before.value, body)
    else:
        return None
    return tuple(islice((_change(*pair) for pair in pairs), MAX_CHANGES))


def edits(before: Json, after: Json) -> tuple[Change, ...]:
    """Every member in which two bodies differ, whatever it is called; the first of very many."""
    return tuple(islice((_change(*pair) for pair in _differing((), before, after, every=True)), MAX_CHANGES))


def is_volatile(name: str) -> bool:
    """Whether a member called `name` changes by itself, so that nobody decides by it."""
    return name.lower().translate(_IGNORED_IN_NAMES) in VOLATILE


type _Pair = tuple[Steps, Json | Gap, Json | Gap]


def _differing(path: Steps, before: Json, after: Json, *, every: bool = False) -> Iterator[_Pair]:
    """Where two values differ, in the order of the first; `every`: also what is volatile."""
    match before, after:
        case dict(), dict():
            for name in dict.fromkeys((*before, *after)):
                if every or not is_volatile(name):
                    inner = (*path, name)
                    one, other = before.get(name, Gap.MISSING), after.get(name, Gap.MISSING)
                    yield from _member(inner, one, other, every=every)
        case list(), list() if len(before) == len(after):
            for number, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from _differing((*path, str(number)), one, other, every=every)
        case _ if not _same(before, after):
            yield path, before, after


def _member(path: Steps, one: Json | Gap, other: Json | Gap, *, every: bool) -> Iterator[_Pair]:
    if isinstance(one, Gap) or isinstance(other, Gap):
        yield path, one, other
    else:
        yield from _differing(path, one, other, every=every)


def _merged(path: Steps, before: Json, patch: dict[str, Json]) -> Iterator[_Pair]:
    """What a merge patch changes (RFC 7396): null takes a member away."""
    has = before if isinstance(before, dict) else {}
    for name, value in patch.items():
        inner, old = (*path, name), has.get(name, Gap.MISSING)
        if isinstance(value, dict) and isinstance(old, dict):
            yield from _merged(inner, old, value)
        elif value is None:
            if old is not Gap.MISSING:
                yield inner, old, Gap.MISSING
        elif isinstance(old, Gap) or not _same(old, value):
            yield inner, old, value


def _counted(before: Json, after: Json, counted: Iterable[Steps]) -> Iterator[_Pair]:
    for steps in counted:
        old, new = list(_at(before, steps)), list(_at(after, steps))
        if len(old) != len(new):
            yield (*steps, "length"), len(old), len(new)
            continue
        for one, other in zip(old, new, strict=True):
            if isinstance(one, Gap) or isinstance(other, Gap):
                if one is not other:
                    yield steps, one, other
            else:
                yield from _differing(steps, one, other, every=True)


def _at(value: Json, steps: Steps) -> Iterator[Json | Gap]:
    """What stands at `steps` in an answer, whose names have one spelling only."""
    if not steps:
        yield value
        return
    match value:
        case dict() | list() if steps[0] == ANY:
            for item in value.values() if isinstance(value, dict) else value:
                yield from _at(item, steps[1:])
        case dict() if steps[0] in value:
            yield from _at(value[steps[0]], steps[1:])
        case list() if steps[0].isdecimal() and int(steps[0]) < len(value):
            yield from _at(value[int(steps[0])], steps[1:])
        case _:
            yield Gap.MISSING


def _same(one: Json, other: Json) -> bool:
    """Equal by JSON's types: to Python, true is 1."""
    return canonical(one) == canonical(other)


def _presence(before: Image, after: Image) -> Change:
    words = {True: "present", False: None}
    return Change(path="", before=words[before.there], after=words[after.there])


def _content(before: Image, after: Image) -> Change:
    return Change(path="", before=_named(before), after=_named(after))


def _named(image: Image) -> str:
    return f"sha256 {image.sha256}" if image.sha256 else f"etag {image.etag or 'none'}"


def _change(path: Steps, before: Json | Gap, after: Json | Gap) -> Change:
    return Change(path=".".join(path), before=_shown(before), after=_shown(after))


def _shown(value: Json | Gap) -> str | None:
    if isinstance(value, Gap):
        return None
    text = json.dumps(value, default=_number)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _number(number: object) -> float | str:
    """A decimal as JSON's number where a double says the same, else as text."""
    exact = Decimal(str(number))
    return float(exact) if Decimal(repr(float(exact))) == exact else str(exact)


def _same_tag(before: Image, after: Image) -> bool:
    """Whether the upstream says that both are the same. A weak tag says so of meanings, not of bytes."""
    return bool(before.etag) and before.etag == after.etag and (before.strong or before.text is not None)


def _is_merge(fields: Fields) -> bool:
    """A plain JSON body is what most APIs take for a merge patch; a JSON Patch is a list and is not."""
    media = (first(fields, b"content-type") or b"").partition(b";")[0].strip().lower()
    return media in (_MERGE_PATCH, b"application/json")
