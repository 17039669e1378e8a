"""What is kept of an answer, and which answers show nothing."""

import hashlib

import pytest

from rules.drift.image import MAX_BYTES, Image, image
from rules.headers import Fields

JSON: Fields = ((b"Content-Type", b"application/json; charset=utf-8"),)
BODY = b'{"a": 1.50}'
HASH = hashlib.sha256(BODY).hexdigest()


def tagged(tag: bytes) -> Fields:
    """JSON with an entity tag."""
    return (*JSON, (b"etag", tag))


SHOWN: dict[str, tuple[int, Fields, bytes, Image]] = {
    "json": (200, JSON, BODY, Image(there=True, sha256=HASH, text=BODY.decode())),
    "tag": (200, tagged(b'"v1"'), BODY, Image(there=True, etag='"v1"', sha256=HASH, text=BODY.decode())),
    "weak tag": (
        200,
        tagged(b'W/"v1"'),
        BODY,
        Image(there=True, etag='W/"v1"', sha256=HASH, text=BODY.decode()),
    ),
    "no tag": (200, tagged(b"v1"), BODY, Image(there=True, sha256=HASH, text=BODY.decode())),
    "two tags in one": (200, tagged(b'"a", "b"'), BODY, Image(there=True, sha256=HASH, text=BODY.decode())),
    "other type": (200, (), BODY, Image(there=True, sha256=HASH)),
    "compressed": (200, (*JSON, (b"Content-Encoding", b"gzip")), BODY, Image(there=True, sha256=HASH)),
    "vendor json": (
        200,
        ((b"content-type", b"application/vnd.x.v1+json"),),
        BODY,
        Image(there=True, sha256=HASH, text=BODY.decode()),
    ),
    "gone": (410, JSON, BODY, Image(there=False)),
    "missing": (404, (), b"", Image(there=False)),
    "large with a tag": (200, tagged(b'"v1"'), b" " * (MAX_BYTES + 1), Image(there=True, etag='"v1"')),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_an_answer_shows(name: str) -> None:
    """Whether the thing is there, its tag, its hash, and its text where it is JSON."""
    status, fields, body, expected = SHOWN[name]
    assert image(status, fields, body) == expected


@pytest.mark.parametrize(
    "body",
    [b'{"a":1,"a":2}', b"{" * 100, b"[" * 100_000, b'{"a":NaN}', b'{"a":1e999}', b"\xff", b'"\\ud800"', b""],
    ids=["twice", "cut", "deep", "nan", "huge", "bytes", "surrogate", "empty"],
)
def test_hostile_json_is_only_hashed(body: bytes) -> None:
    """What two parsers could read differently has no meaning here, only its bytes count."""
    assert image(200, JSON, body) == Image(there=True, sha256=hashlib.sha256(body).hexdigest())


NOTHING = [
    (302, JSON, BODY, "the upstream answers 302"),
    (401, JSON, BODY, "the upstream answers 401"),
    (503, (), b"", "the upstream answers 503"),
    (200, JSON, b" " * (MAX_BYTES + 1), "it is over 1048576 bytes and has no strong entity tag"),
    (200, tagged(b'W/"a"'), b" " * (MAX_BYTES + 1), "it is over 1048576 bytes and has no strong entity tag"),
]


@pytest.mark.parametrize(("status", "fields", "body", "why"), NOTHING, ids=[str(n) for n in range(5)])
def test_what_shows_nothing(status: int, fields: Fields, body: bytes, why: str) -> None:
    """Neither a redirect nor an error says what is there."""
    assert image(status, fields, body) == why
