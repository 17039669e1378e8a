"""What a call names instead of carrying it: drafts, objects to copy, media elsewhere.

A human approves what is there; whoever changes it meanwhile changes what the call would do.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from rules.call import HttpCall
from rules.general.names.words import split, words_of
from rules.headers import first
from rules.request.authority import split_authority
from rules.request.strict_json import Json

_MAX_VALUES = 1000
_SENDING = frozenset({"send", "publish", "submit"})
_MEDIA = words_of("media image photo picture video audio file attachment document download pdf source")
_ADDRESS = words_of("url uri href link")
_URL = re.compile(r"(https?)://([^/?#@\s\\]+)(/[^?#\s]*)?(\?[^#\s]*)?(?:#.*)?", re.IGNORECASE)
# A plain word is a collection's name, whose content changes without anybody touching one thing in it.
_WORD = re.compile(r"[a-z]+(?:[_-][a-z]+)*", re.IGNORECASE)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PORTS = {"http": 80, "https": 443}

type Origin = tuple[str, str, int]
"""Scheme, host and port: as far as credentials may go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something can be read; `target` in origin-form, as it goes on the wire."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, call: HttpCall) -> "Place":
        """Where `call` goes."""
        return cls(scheme=call.scheme, host=call.host, port=call.port, target=call.target)

    @property
    def origin(self) -> Origin:
        """Whose credentials may go there."""
        return (self.scheme, self.host, self.port)

    @property
    def authority(self) -> str:
        """Host and port; an IPv6 host in brackets, a default port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _PORTS[self.scheme] == self.port else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address, for people."""
        return f"{self.scheme}://{self.authority}{self.target}"


def references(call: HttpCall) -> Iterator[Place]:
    """Every place that `call` names for something that it would use."""
    # Of a path with several readings nobody knows what it names.
    if not call.other_paths:
        yield from _drafts(call)
    yield from _copied(call)
    yield from _media(call)


def _drafts(call: HttpCall) -> Iterator[Place]:
    """What `POST .../{id}/send` sends, and `POST .../drafts/send` with its id in the body."""
    if call.method != "POST" or call.segments[-1].lower() not in _SENDING or len(call.segments) < 2:
        return
    path, mark, query = call.target.partition("?")
    above = path.rpartition("/")[0]
    here = Place.of(call)
    name = call.payload.value.get("id") if isinstance(call.payload.value, dict) else None
    if not _WORD.fullmatch(call.segments[-2]) or "drafts" in call.segments[-3:-2]:
        yield replace(here, target=above + mark + query)
    elif call.segments[-2] == "drafts" and isinstance(name, str) and name:
        yield replace(here, target=f"{above}/{quote(name, safe='')}{mark}{query}")


def _copied(call: HttpCall) -> Iterator[Place]:
    """The object that an S3 copy takes (`x-amz-copy-source: /bucket/key`)."""
    value = first(call.fields, b"x-amz-copy-source") or b""
    bucket, _, key = value.decode("latin-1").removeprefix("/").partition("/")
    if not key or not _BUCKET.fullmatch(bucket):
        return
    labels = call.host.split(".")
    service = next((n for n, label in enumerate(labels) if label == "s3" or label.startswith("s3-")), 0)
    if service:
        host = ".".join((bucket, *labels[service:]))
        yield replace(Place.of(call), host=host, target=f"/{key}")
    else:
        yield replace(Place.of(call), target=f"/{bucket}/{key}")


def _media(call: HttpCall) -> Iterator[Place]:
    """Addresses in members that are named for media: `MediaUrl`, `image.url`, `attachments.0.href`."""
    for words, text in _texts(call.payload.value):
        address = not _ADDRESS.isdisjoint(words) or words[-1:] == ["uris"] or words[-1:] == ["urls"]
        if address and not _MEDIA.isdisjoint(_singular(words)) and (place := _place(text)):
            yield place


def _texts(value: Json) -> Iterator[tuple[list[str], str]]:
    """Every text in `value` with the words of the two nearest names above it, up to a bound."""
    waiting: list[tuple[list[str], list[str], Json]] = [([], [], value)]
    for _ in range(_MAX_VALUES):
        if not waiting:
            return
        above, own, found = waiting.pop(0)
        match found:
            case str():
                yield [*above, *own], found
            case dict():
                waiting += ((own, split(name), item) for name, item in found.items())
            case list():
                waiting += ((above, own, item) for item in found)


def _singular(words: Iterable[str]) -> set[str]:
    return {word.removesuffix("s") for word in words}


def _place(text: str) -> Place | None:
    """The one place that `text` is the address of, or None."""
    read = _URL.fullmatch(text) if text.isascii() else None
    if read is None:
        return None
    scheme = read[1].lower()
    authority = split_authority(read[2], _PORTS[scheme])
    if authority is None:
        return None
    return Place(
        scheme=scheme,
        host=authority[0],
        port=authority[1],
        target=(read[3] or "/") + (read[4] or ""),
    )
