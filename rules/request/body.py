"""What a body means: decoded once, within bounds, and read strictly by the type it declares."""

import re
import zlib

from rules.call import Pairs, Payload, PayloadKind
from rules.headers import Fields, first
from rules.request.strict_json import Json, parse
from rules.request.target import read_pairs
from rules.verdict import ReasonId, Refusal

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_DECODED_BYTES = 16 * 1024 * 1024
MAX_JSON_VALUES = 250_000
"""More values than this take a second and half a gigabyte to read: such a body stays opaque."""

_TOKEN = r"[a-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 (a grammar's word, not a password)
_PARAMETER = rf'({_TOKEN})=({_TOKEN}|"[a-z0-9!#$%&\'*+.^_`|~:/ -]*")'
# Possessive: white space between two `;` could otherwise be shared out in exponentially many ways.
_MEDIA_TYPE = re.compile(rf"({_TOKEN}/{_TOKEN})((?:[ \t]*+;[ \t]*+(?:{_PARAMETER})?+)*+)")
_PARAMETERS = re.compile(_PARAMETER)

_JSON_TYPE = re.compile(r"application/(?:json|x-amz-json-1\.[01]|[a-z0-9.+-]+\+json)|text/json")
_FORM_TYPE = "application/x-www-form-urlencoded"
_FORM = re.compile(rb"[^%\x00-\x1f\x7f-\xff]*+(?:%[0-9A-Fa-f]{2}[^%\x00-\x1f\x7f-\xff]*+)*+")

# Encodings that exist but that the gate does not decode: their payload stays opaque.
_OPAQUE_ENCODINGS = frozenset({"br", "zstd", "aws-chunked", "compress"})
_NO_BODY = Payload(kind=PayloadKind.EMPTY)
_WINDOW = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


def read_body(fields: Fields, body: bytes) -> Payload | Refusal:
    """The meaning of `body` under its own header fields, or why it has no single one."""
    if len(body) > MAX_BODY_BYTES:
        return Refusal(
            reason_id=ReasonId.BODY_TOO_LARGE,
            reason=f"the body is over {MAX_BODY_BYTES} bytes",
            status=413,
        )
    if not body:
        return _NO_BODY
    encoding = _text(fields, b"content-encoding") or "identity"
    if encoding in _OPAQUE_ENCODINGS:
        return Payload(kind=PayloadKind.OPAQUE)
    content = body if encoding == "identity" else _decode(body, encoding)
    if isinstance(content, Refusal):
        return content
    return _read_content(content, *_content_type(fields))


def _text(fields: Fields, name: bytes) -> str:
    """A field's value in lower case; white space is SP and HTAB (RFC 9110 section 5.6.3)."""
    return (first(fields, name) or b"").strip(b" \t").decode("latin-1").lower()


def _content_type(fields: Fields) -> tuple[str, str]:
    """The media type and the character set that the request declares, `utf-8` where it names none.

    Both are empty where the header is not plainly one type with plain parameters: other readers
    find a character set by looking for `charset=` anywhere in it.
    """
    value = _text(fields, b"content-type")
    read = _MEDIA_TYPE.fullmatch(value)
    if read is None:
        return "", ""
    parameters = _PARAMETERS.findall(read[2])
    named = dict(parameters)
    hidden = value.count("charset") - int("charset" in named)
    if hidden or len(named) != len(parameters):
        return "", ""
    return read[1], named.get("charset", "utf-8").strip('"')


def _read_content(content: bytes, media: str, charset: str) -> Payload | Refusal:
    ascii_only = charset == "us-ascii" and content.isascii()
    if charset not in ("utf-8", "utf8") and not ascii_only:
        return Payload(kind=PayloadKind.OPAQUE)
    if _JSON_TYPE.fullmatch(media):
        return _read_json(content)
    # An escape in a form stands for a byte of its character set, so US-ASCII says too little.
    if media == _FORM_TYPE and not ascii_only:
        return _read_form(content)
    return Payload(kind=PayloadKind.OPAQUE)


def _read_json(content: bytes) -> Payload | Refusal:
    if sum(map(content.count, (b",", b"[", b"{"))) > MAX_JSON_VALUES:
        return Payload(kind=PayloadKind.OPAQUE)
    try:
        return Payload(kind=PayloadKind.JSON, value=parse(content))
    except ValueError as error:
        return Refusal(reason_id=ReasonId.JSON_INVALID, reason=str(error))


def _read_form(content: bytes) -> Payload | Refusal:
    if not _FORM.fullmatch(content):
        return _form_invalid("has raw control, non-ascii or half-escaped characters")
    try:
        pairs = read_pairs(content.decode("ascii"))
    except ValueError as error:
        return _form_invalid(str(error))
    return Payload(kind=PayloadKind.FORM, value=_grouped(pairs))


def _grouped(pairs: Pairs) -> dict[str, Json]:
    """Each name's text, or the list of its texts where it stands more than once."""
    form: dict[str, list[Json]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return {name: texts if len(texts) > 1 else texts[0] for name, texts in form.items()}


def _form_invalid(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.FORM_INVALID, reason=f"the form {reason}")


def _decode(body: bytes, encoding: str) -> bytes | Refusal:
    """Undo one known encoding; all input must be used and the output must stay within bounds."""
    if encoding not in _WINDOW:
        return Refusal(
            reason_id=ReasonId.ENCODING_UNSUPPORTED,
            reason="the content encoding is not identity, gzip, deflate, br or zstd",
            status=415,
        )
    decoder = zlib.decompressobj(_WINDOW[encoding])
    try:
        content = decoder.decompress(body, MAX_DECODED_BYTES + 1)
    except zlib.error:
        return _encoding_invalid(f"the body is not {encoding}")
    if len(content) > MAX_DECODED_BYTES:
        return Refusal(
            reason_id=ReasonId.BODY_TOO_LARGE,
            reason=f"the decoded body is over {MAX_DECODED_BYTES} bytes",
            status=413,
        )
    if not decoder.eof or decoder.unused_data:
        return _encoding_invalid(f"the {encoding} body is cut off or followed by more bytes")
    return content


def _encoding_invalid(reason: str) -> Refusal:
    return Refusal(reason_id=ReasonId.ENCODING_INVALID, reason=reason)
