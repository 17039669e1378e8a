"""What a call gives away by itself, whatever the rules say of it. A trigger only ever raises."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from rules.call import Call, HttpCall, PayloadKind
from rules.headers import bound, first
from rules.request.strict_json import canonical

MAX_SCANNED_BYTES = 256 * 1024
"""What comes later in a body is not looked at: it would cost every large upload milliseconds."""
MAX_OPAQUE_CHARACTERS = 256
"""A value in a query that is longer, and looks random, may be data on its way out."""

# Every shape has one of these in it. Each of them begins with one character, which is found in a long text
# far faster than the shapes are: what stands before it is looked at only there.
_MARKS = (
    re.compile(rb"_(?<=[prousmfb1]_)(?:(?<=gh[pousr]_)|(?<=npm_)|(?<=hf_)|(?<=github_)pat_|(?<=dop_v1_))"),
    re.compile(rb"_live_"),
    re.compile(rb"-(?<=[ktpi]-)(?:(?<=sk-)(?:ant|proj)-|(?<=glpat-)|(?<=xapp-)|(?<=pypi-)AgE)"),
    re.compile(rb"xox[abeprs]-"),
    re.compile(rb"A(?:KIA|SIA|Iza)"),
    re.compile(rb"SG\."),
    re.compile(rb"-----BEGIN "),
)
# Issuers give these shapes to secrets alone, so that scanners find them. An access key that names the
# scope of a signature (AWS Signature Version 4) is where it belongs.
_SECRET = re.compile(
    rb"(?<![A-Za-z0-9])(?:"
    rb"(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9]|(?:/|%2[Ff])[0-9]{8}(?:/|%2[Ff]))"
    rb"|AIza[A-Za-z0-9_-]{35}"
    rb"|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60}|glpat-[A-Za-z0-9_-]{20}"
    rb"|xox[abeprs]-[A-Za-z0-9-]{20}|xapp-[A-Za-z0-9-]{20}|[rs]k_live_[A-Za-z0-9]{20}"
    rb"|sk-(?:ant|proj)-[A-Za-z0-9_-]{20}|npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{50}|hf_[A-Za-z]{34}"
    rb"|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|dop_v1_[a-f0-9]{64})"
    rb"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY"
)

# Where a request's own key stands in its query: an API key, or who signed a presigned URL.
_OWN_KEYS = frozenset({"key", "awsaccesskeyid", "x-amz-credential", "x-goog-credential"})
_OWN_KEY = re.compile(r"AIza[A-Za-z0-9_-]{35}|(?:AKIA|ASIA)[A-Z2-7]{16}(?:/[a-z0-9/_-]{1,80})?")
# What a presigned URL is signed by; the right one is named by what stands beside it.
_SIGNED_BY = {
    "x-amz-signature": {"x-amz-signature", "x-amz-security-token"},
    "x-goog-signature": {"x-goog-signature"},
    "signature": {"signature"},
}
_OPAQUE = re.compile(r"[A-Za-z0-9+/_=.~-]++")
# Text without white space, and padding, stay under it; hexadecimal digits give 4.
_RANDOM_BITS = 3.5


def carried_secret(call: Call) -> str | None:
    """Where in `call` something has the shape of an issuer's secret and does not belong, or None."""
    if isinstance(call, HttpCall) and not (_has_secret(_head(call)) or _has_secret(_text(call))):
        return None  # most calls: seen without a look at each place
    return next((place for place, text in _places(call) if _has_secret(text)), None)


def carried_data(call: HttpCall) -> str | None:
    """The name in the query of `call` whose value is long and looks random, or None."""
    signed = {name.lower() for name, _ in call.query} & _SIGNED_BY.keys()
    exempt = {name for signature in signed for name in _SIGNED_BY[signature]}
    for name, value in call.query:
        if len(value) > MAX_OPAQUE_CHARACTERS and name.lower() not in exempt:
            longest = max(_OPAQUE.findall(value), key=len, default="")
            if len(longest) > MAX_OPAQUE_CHARACTERS and _bits(longest) >= _RANDOM_BITS:
                return name
    return None


def _has_secret(text: bytes) -> bool:
    return any(mark.search(text) for mark in _MARKS) and _SECRET.search(text) is not None


def _head(call: HttpCall) -> bytes:
    """Path, query and header values, one a line: their own keys are still among them."""
    target = call.target
    if "%" in target:
        target = "\n".join((*call.segments, *(f"{name}={value}" for name, value in call.query)))
    return b"\n".join([target.encode(), *[value for _, value in call.fields]])


def _places(call: Call) -> Iterator[tuple[str, bytes]]:
    if not isinstance(call, HttpCall):
        yield "its arguments", canonical(call.arguments).encode()[:MAX_SCANNED_BYTES]
        return
    yield "its path", "/".join(call.segments).encode()
    for name, value in call.query:
        if not (name.lower() in _OWN_KEYS and _OWN_KEY.fullmatch(value)):
            yield "its query", f"{name}={value}".encode()
    for name_, content in bound(call.fields):
        yield f"its header `{name_.decode('latin-1').lower()}`", content
    yield "its body", _text(call)


def _text(call: HttpCall) -> bytes:
    """The first of the body as its server reads it: no escape or encoding hides a letter."""
    plain = call.payload.value is None or not (
        b"\\u" in call.body or b"%" in call.body or first(call.fields, b"content-encoding")
    )
    understood = call.payload.kind in (PayloadKind.JSON, PayloadKind.FORM)
    text = call.body if plain or not understood else canonical(call.payload.value).encode()
    return text[:MAX_SCANNED_BYTES]


def _bits(text: str) -> float:
    """Shannon's entropy of the characters of `text`, in bits for each."""
    shares = (count / len(text) for count in Counter(text).values())
    return -sum(share * math.log2(share) for share in shares)
