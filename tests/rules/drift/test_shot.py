"""What a hold keeps of its reads, what is told of their changes, and the condition built on them."""

import json

import pytest

from rules.drift.image import Image
from rules.drift.read import Read, Subject
from rules.drift.reference import Place
from rules.drift.shot import Shot, as_json, drifts, from_json, named, precondition
from rules.headers import Fields

HERE = Place(scheme="https", host="x.test", port=443, target="/items/7")
READ = Read(subject=Subject.RESOURCE, place=HERE)
MEDIA = Read(subject=Subject.PAYLOAD, place=HERE, counted=(("a", "*"),), obstacle="too many")


def shot(text: str | None = '{"a": 1}', *, etag: str = "", read: Read = READ, there: bool = True) -> Shot:
    """A read that has shown JSON."""
    return Shot(read=read, shown=Image(there=there, etag=etag, sha256="0" * 64, text=text))


UNSHOWN = Shot(read=MEDIA, shown="it took too long")


def test_a_record_is_read_as_it_was_written() -> None:
    """Through JSON and back, with gaps and odd characters."""
    shots = (shot(etag='W/"\xe9\u20ac"'), UNSHOWN, shot(None, there=False))
    assert from_json(json.loads(json.dumps(as_json(shots)))) == shots


def test_drifts() -> None:
    """Each thing by itself; what was not shown at one of the times is nothing to compare."""
    now = (shot('{"a": 2}'), shot(read=MEDIA), Shot(read=READ, shown="the upstream answers 503"))
    [found] = drifts((shot(), UNSHOWN, shot()), now)
    assert [change.path for change in found.changes] == ["a"]


NAMED = [
    (shot('{"a": 2}'), "`a`"),
    (shot('{"b": 2}'), "`a`, `b`"),
    (shot(None, there=False), "the resource is gone"),
    (shot("[]"), "the resource"),
    (shot(json.dumps({"a": 1} | {f"m{n}": n for n in range(9)})), "`m0`, `m1`, `m2`, `m3`, `m4`, 4 more"),
    (shot(json.dumps({"a": 1, "`\n\x1b[2J\u202e": 2})), "`???[2J?`"),
    (shot(json.dumps({"a": 1, "x" * 500: 2})), f"`{'x' * 60}`"),
]


@pytest.mark.parametrize(("now", "words"), NAMED, ids=[str(n) for n in range(len(NAMED))])
def test_what_is_told_of_a_change(now: Shot, words: str) -> None:
    """Names and no values, few of them, and nothing that acts on a terminal."""
    assert named(drifts([shot()], [now])) == words


def test_what_came_into_being_is_told() -> None:
    """What a PUT was to make is there already."""
    assert named(drifts([shot(None, there=False)], [shot()])) == "the resource is there now"


TAG = ((b"If-Match", b'"v1"'),)
CONDITIONS: dict[str, tuple[str, Fields, Shot, Fields]] = {
    "strong": ("PUT", (), shot(etag='"v1"'), TAG),
    "delete": ("DELETE", (), shot(etag='"v1"'), TAG),
    "weak": ("PUT", (), shot(etag='W/"v1"'), ()),
    "none": ("PUT", (), shot(), ()),
    "post": ("POST", (), shot(etag='"v1"'), ()),
    "the agent's own": ("PUT", ((b"if-MATCH", b'"v0"'),), shot(etag='"v1"'), ()),
    "the agent's other": ("PUT", ((b"If-Unmodified-Since", b"x"),), shot(etag='"v1"'), ()),
    "absent": ("PUT", (), shot(None, there=False), ()),
    "not read": ("PUT", (), UNSHOWN, ()),
    "elsewhere": (
        "PUT",
        (),
        shot(
            etag='"v1"',
            read=Read(
                subject=Subject.SNAPSHOT, place=Place(scheme="https", host="x.test", port=443, target="/a")
            ),
        ),
        (),
    ),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_condition_of_a_call(name: str) -> None:
    """Only on a strong tag of the very URL, and never beside a condition of the agent's."""
    method, fields, now, expected = CONDITIONS[name]
    assert precondition(method, fields, HERE, [now]) == expected
