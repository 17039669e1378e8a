"""The request target, read in one way: path segments and query pairs."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from rules.call import Pairs
from rules.request.spelling import fold_name
from rules.verdict import ReasonId, Refusal

MAX_TARGET_BYTES = 16 * 1024
MAX_PAIRS = 1000
"""Servers drop or refuse what comes after about so many (PHP, Express, Django)."""

# RFC 3986 pchar, "/" and "?", and the few raw characters that common clients leave unescaped.
_TARGET = re.compile(
    r"/[A-Za-z0-9\-._~!$&'()*+,=:@/?\[\]{}|^\"<>`;]*+"
    r"(?:%[0-9A-Fa-f]{2}[A-Za-z0-9\-._~!$&'()*+,=:@/?\[\]{}|^\"<>`;]*+)*+"
)
# What servers decode, merge or cut at different moments: separators, parameters, controls, and
# what a second decoding would change.
_AMBIGUOUS = re.compile(r"[/\\;\x00-\x1f\x7f-\x9f]|%(?:[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})")
_DOTS = (".", "..")
# Most paths: nothing in them is an escape, a parameter, a dot segment or an empty one.
_PLAIN_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9\-._~!$&'()*+,=:@?\[\]{}|^\"<>`]++)++/?+|/")


def read_segments(target: str) -> tuple[str, ...] | Refusal:
    """The decoded segments of the path in `target`, or why servers would differ on them."""
    path, _, query = target.partition("?")
    if len(target) <= MAX_TARGET_BYTES and _PLAIN_PATH.fullmatch(path) and _is_written_well(query):
        return tuple(path[1:].split("/"))
    segments = decode_segments(target)
    if isinstance(segments, Refusal):
        return segments
    for segment in segments:
        if reason := second_reading(segment):
            return _ambiguous(reason)
    if "" in segments[:-1]:
        return _ambiguous("the path has an empty segment, which servers merge or keep")
    return segments


def _is_written_well(query: str) -> bool:
    return not query or _TARGET.fullmatch(f"/{query}") is not None


def decode_segments(target: str) -> tuple[str, ...] | Refusal:
    """What stands between the raw slashes of the path in `target`, decoded once."""
    if len(target) > MAX_TARGET_BYTES or not _TARGET.fullmatch(target):
        return Refusal(
            reason_id=ReasonId.TARGET_MALFORMED,
            reason=f"the target is not a path and query of at most {MAX_TARGET_BYTES} bytes",
        )
    path = target.partition("?")[0]
    segments = path[1:].split("/")
    if "%" not in path:
        return tuple(segments)
    try:
        return tuple(_decode(raw) for raw in segments)
    except UnicodeDecodeError:
        return _ambiguous("the path is not utf-8")


def second_reading(segment: str) -> str | None:
    """Why two servers could read the decoded `segment` differently, if they could."""
    texts = [segment]
    if not segment.isascii():
        texts.append(unicodedata.normalize("NFKC", segment))
    for text in texts:
        if text in _DOTS:
            return "the path has dot segments, which servers resolve at different moments"
        if _AMBIGUOUS.search(text):
            return "the path holds a separator, a parameter, a control or a second encoding"
    if segment != segment.strip():
        return "a path segment starts or ends with white space, which servers trim or keep"
    return None


def read_query(target: str) -> Pairs | Refusal:
    """The decoded pairs of the query in `target`, in order; `+` is a space."""
    query = target.partition("?")[2]
    if not query:
        return ()
    try:
        return read_pairs(query)
    except ValueError as error:
        return _ambiguous(f"the query {error}")


def read_pairs(text: str) -> Pairs:
    """The decoded pairs of a URL-encoded `text`. Raises ValueError with what is wrong with it.

    What some servers split, cut, merge or leave out is refused: `;`, NUL, names that differ only in
    their look, `a` beside `a[]`, and a pair after the first thousand.
    """
    if ";" in text:
        raise ValueError("has a raw `;`, at which some servers split")
    if text.count("&") >= MAX_PAIRS:
        raise ValueError(f"has over {MAX_PAIRS} fields")
    raw = [pair.partition("=") for pair in text.split("&")]
    try:
        pairs = tuple(
            (_decode(n.replace("+", " ")), _decode(v.replace("+", " "))) for n, _, v in raw if n or v
        )
    except UnicodeDecodeError:
        raise ValueError("is not utf-8") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise ValueError("has a NUL, at which some servers cut")
    if _collide({name for name, _ in pairs}):
        raise ValueError("has two names that some servers take for one")
    return pairs


def _collide(names: Iterable[str]) -> bool:
    looks = [fold_name(name) for name in names]
    plain = {name for name in looks if "[" not in name}
    bases = {name.partition("[")[0] for name in looks if "[" in name}
    return len(set(looks)) != len(looks) or not plain.isdisjoint(bases)


def _decode(raw: str) -> str:
    return unquote_to_bytes(raw).decode("utf-8") if "%" in raw else raw


def _ambiguous(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.TARGET_AMBIGUOUS, reason=reason)
