"""Templates with `{names}` of a call's parts: a sentence for people, and the path of a read of its host.

A name is that of a part of the rule's path, else a dotted path in the body or the arguments.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from urllib.parse import quote as escaped

from rules.call import Call, HttpCall
from rules.language.complaint import quote
from rules.matching.pattern import Track, check_path
from rules.matching.reading import ANY, Gap, Reading, carried
from rules.matching.truth import Truth
from rules.request.target import read_query, read_segments

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Other spellings of a number may name another thing.
_PLAIN_FRACTION = re.compile(r"-?[0-9]+\.[0-9]*[1-9]")
# RFC 3986 pchar and "=", which stay as the template writes them.
_LITERAL = "-._~!$'()*,:@="
_MOST_SHOWN = 5
_MAX_SHOWN = 80


def fill(template: str, call: HttpCall, *, paths: Sequence[Track] = ()) -> str | None:
    """The path and query that `template` asks to read, each value escaped as one segment or query value.

    `paths`: those of the rule. None where a name has not exactly one certain value, and where a server
    could read anything else than what was put in, `.` and `..` and nothing at all included.
    """
    path, mark, query = template.partition("?")
    segments = [_filled(part, call, paths) for part in path[1:].split("/")]
    pairs = [_pair(part, call, paths) for part in query.split("&")] if mark else []
    certain_path = [segment for segment in segments if segment is not None]
    certain_pairs = [pair for pair in pairs if pair is not None]
    if len(certain_path) < len(segments) or len(certain_pairs) < len(pairs):
        return None
    return _target(certain_path, certain_pairs)


def tell(template: str, call: Call, *, paths: Sequence[Track] = ()) -> str:
    """The sentence that `template` makes of `call`.

    Every text of the call stands in backticks, on one line, cut, and with characters that hide or move
    others written out, so that no value can pass for a word of the sentence.
    """
    return _PLACEHOLDER.sub(lambda found: _said(found[1], call, paths), template)


def names_in(template: str) -> list[str]:
    """The names in `template`, in order."""
    return _PLACEHOLDER.findall(template)


def read_probe(text: str) -> list[str]:
    """The names in the template of a path and query. Raises ValueError with the cure."""
    path, mark, query = text.partition("?")
    check_path(_PLACEHOLDER.sub("x", path))
    _check_braces(path)
    if path.endswith("**"):
        raise ValueError(f"{quote(text)} is not one path; write `{{name}}` for each part that varies")
    for pair in query.split("&") if mark else ():
        name, equals, value = pair.partition("=")
        if not name or not equals or set("{}") & set(name):
            raise ValueError(f"{quote(pair)} is no part of a query; write `name=value` or `name={{name}}`")
        _check_braces(value)
    if not query.isprintable() or set("#%;+") & set(query):
        raise ValueError(f"{quote(query)} is not a plain query; write the characters that escapes stand for")
    return names_in(text)


def _check_braces(text: str) -> None:
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise ValueError(f"{quote(text)} has a brace without its other half; write `{{name}}`")


def _target(segments: Sequence[str], pairs: Sequence[tuple[str, str]]) -> str | None:
    """INVARIANT: what is sent is read back as exactly what was put in, under the strictest policy."""
    target = "/" + "/".join(escaped(segment, safe=_LITERAL) for segment in segments)
    if pairs:
        target += "?" + "&".join(f"{_query_text(name)}={_query_text(value)}" for name, value in pairs)
    same = read_segments(target) == tuple(segments) and read_query(target) == tuple(pairs)
    return target if same else None


def _query_text(text: str) -> str:
    return escaped(text, safe="-._~")


def _pair(part: str, call: HttpCall, paths: Sequence[Track]) -> tuple[str, str] | None:
    name, _, value = part.partition("=")
    filled = _filled(value, call, paths)
    return None if filled is None else (name, filled)


def _filled(part: str, call: HttpCall, paths: Sequence[Track]) -> str | None:
    """`part` with every name's one certain value in its place."""
    pieces = _PLACEHOLDER.split(part)
    values = [_certain(name, call, paths) for name in pieces[1::2]]
    certain = [value for value in values if value is not None and value not in ("", ".", "..")]
    if len(certain) < len(values):
        return None
    return "".join(text + value for text, value in zip(pieces[::2], [*certain, ""], strict=True))


def _certain(name: str, call: HttpCall, paths: Sequence[Track]) -> str | None:
    match _values(name, call, paths):
        case [str() as text] if text.isprintable():
            return str(text)
        case [bool() as truth]:
            return str(truth).lower()
        case [int() as number]:
            return str(number)
        case [Decimal() as number] if _PLAIN_FRACTION.fullmatch(str(number)):
            return str(number)
        case _:
            return None


def _values(name: str, call: Call, paths: Sequence[Track]) -> list[Reading]:
    """All that servers could take for the value of `name`: one of them means no doubt."""
    of_path = list(_parts(name, call, paths)) if isinstance(call, HttpCall) else []
    return of_path or carried(call, tuple(name.split(".")))


def _parts(name: str, call: HttpCall, paths: Sequence[Track]) -> Iterator[Reading]:
    """The values of the path's parts called `name`, each once; none if it has no such part."""
    found: dict[str | Gap, None] = {}
    for track in paths:
        covers = track.covers(call.segments)
        if covers is Truth.FALSE or name not in track.names:
            continue
        if covers is Truth.UNKNOWN or call.other_paths:
            found[Gap.UNREADABLE] = None
        else:
            found |= dict.fromkeys(track.named(name, call.segments))
    yield from found


def _said(name: str, call: Call, paths: Sequence[Track]) -> str:
    values = _values(name, call, paths)
    several = ANY in name.split(".")
    shown = list(dict.fromkeys(_shown(value) for value in values))
    more = len(shown) - _MOST_SHOWN
    kept = [*shown[:_MOST_SHOWN], *([f"{more} more"] if more > 0 else [])]
    return (", " if several else " or ").join(kept)


def _shown(value: Reading) -> str:
    match value:
        case Gap.MISSING | None:
            return "(nothing)"
        case Gap():
            return "(unreadable)"
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case str():
            longer = f" ({len(value)} characters)" if len(value) > _MAX_SHOWN else ""
            return f"{quote(value)}{longer}"
        case list():
            return f"(a list of {len(value)})"
        case _:
            return f"(an object of {len(value)})"
