"""The index finds every entry that a plain search finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.matching.index import Index
from rules.matching.pattern import ANYWHERE, Track, fold_segments, read_name, read_path
from rules.matching.truth import Truth

PATHS = ["/", "/a", "/a/", "/a/{x}", "/{x}/b", "/a{x}c", "/{x}c", "/a/**", "/**", "/A/b"]


def entered(*entries: tuple[str, Track]) -> Index:
    """An index of numbered entries."""
    index = Index()
    for number, (key, track) in enumerate(entries):
        index.add(number, [key], [track])
    return index


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("",), {0, 8}),
        (("a",), {1, 2, 7, 8}),
        (("a", ""), {1, 2, 7, 8}),
        (("A",), {1, 2, 7, 8}),
        (("a", "b"), {3, 4, 7, 8, 9}),
        (("abc",), {5, 6, 8}),
        (("ac",), {5, 6, 8}),
        (("x", "b"), {4, 8}),
        (("x", "y", "z"), {8}),
    ],
)
def test_what_is_found(path: tuple[str, ...], found: set[int]) -> None:
    """Folded paths find literal, named, partly named and open-ended tracks."""
    index = entered(*(("pay.test", read_path(text)) for text in PATHS))
    assert set(index.find(["pay.test"], fold_segments(path))) == found


def test_keys_are_apart() -> None:
    """An entry is found under its own keys only, and once however many of them are asked."""
    index = Index()
    index.add(0, ["a", "b"], [ANYWHERE, read_path("/x")])
    index.add(1, ["c"], [ANYWHERE])
    assert index.find(["a", "b"], ("x",)) == [0]
    assert index.find(["d"], ("x",)) == []
    assert index.find(["c", "a"], ("y",)) == [0, 1]
    assert "a" in index
    assert "d" not in index


def test_names_of_tools() -> None:
    """A tool's name is one segment, whatever characters it has."""
    index = entered(*(("s", read_name(text)) for text in ("delete_*", "*_all", "delete_all", "a/b", "*")))
    assert index.find(["s"], ("delete_all",)) == [0, 1, 2, 4]
    assert index.find(["s"], ("a/b",)) == [3, 4]
    assert index.find(["s"], ("",)) == [4]


@given(
    texts=st.lists(st.sampled_from(PATHS), max_size=8),
    path=st.lists(st.sampled_from(["a", "b", "abc", "ac", "c", "A", "\uff41", ""]), min_size=1, max_size=3),
)
def test_it_agrees_with_a_plain_search(texts: list[str], path: list[str]) -> None:
    """What covers a path, surely or perhaps, is found."""
    tracks = [read_path(text) for text in texts]
    found = entered(*(("k", track) for track in tracks)).find(["k"], fold_segments(path))
    assert {n for n, track in enumerate(tracks) if track.covers(path) is not Truth.FALSE} <= set(found)


def test_a_name_that_begins_with_an_accent() -> None:
    """An accent after the prefix belongs to the name: composing the two would hide the prefix."""
    index = entered(("k", read_path("/user{name}")))
    assert index.find(["k"], fold_segments(("user\u0301x",))) == [0]


def test_very_many_entries() -> None:
    """Of ten thousand literal and partly named neighbours, exactly the right one is found."""
    index = Index()
    for n in range(10_000):
        index.add(n, ["k"], [read_path(f"/things{n:05}/x"), read_path(f"/v{n:05}{{id}}z/x")])
    assert index.find(["k"], ("things00007", "x")) == [7]
    assert index.find(["k"], ("v00007abcz", "x")) == [7]
