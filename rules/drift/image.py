"""What a read has shown of a thing: whether it is there, and its content, in a form that can be compared."""

import hashlib
import re
from dataclasses import dataclass

from rules.headers import Fields, first
from rules.request.strict_json import Json, parse

MAX_BYTES = 1024 * 1024
"""What is longer is known by its entity tag only."""

_ABSENT = frozenset({404, 410})
_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]{0,256}"')
_JSON = re.compile(rb"application/(?:[a-z0-9.+-]+\+)?json[ \t]*(?:;.*)?", re.IGNORECASE)
_WEAK = "W/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A thing as one read showed it."""

    there: bool
    etag: str = ""
    """Its entity tag, as the upstream writes it (RFC 9110 section 8.8.3), or nothing."""
    sha256: str = ""
    """Of the content; nothing where that was too long."""
    text: str | None = None
    """The content, where it is JSON that can be read in one way only."""

    @property
    def value(self) -> Json:
        """The content's meaning; None also where there is none."""
        return None if self.text is None else parse(self.text.encode())

    @property
    def strong(self) -> bool:
        """Whether its tag names exactly these bytes, so that `If-Match` may be built on it."""
        return bool(self.etag) and not self.etag.startswith(_WEAK)


def image(status: int, fields: Fields, body: bytes) -> Image | str:
    """What an answer shows, or why it shows nothing. `body`: whole, or its first bytes over the limit."""
    if status in _ABSENT:
        return Image(there=False)
    if status not in range(200, 300):
        return f"the upstream answers {status}"
    tag = first(fields, b"etag") or b""
    etag = tag.decode("latin-1") if _TAG.fullmatch(tag) else ""
    if len(body) > MAX_BYTES:
        known = Image(there=True, etag=etag)
        return known if known.strong else f"it is over {MAX_BYTES} bytes and has no strong entity tag"
    text = _text(fields, body)
    return Image(there=True, etag=etag, sha256=hashlib.sha256(body).hexdigest(), text=text)


def _text(fields: Fields, body: bytes) -> str | None:
    """The text of `body`, if it says that it is JSON and is."""
    encoded = (first(fields, b"content-encoding") or b"identity").lower() != b"identity"
    if encoded or not _JSON.fullmatch(first(fields, b"content-type") or b""):
        return None
    try:
        parse(body)
    except ValueError:
        return None
    return body.decode()
