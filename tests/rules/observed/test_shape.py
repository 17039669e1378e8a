"""Templates of paths that were seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.matching.pattern import read_path
from rules.observed.shape import template_of

CASES = {
    "/": "/",
    "/v1/pets": "/v1/pets",
    "/v1/pets/": "/v1/pets/",
    "/v1/pets/7": "/v1/pets/{id:int}",
    "/v1/pets/cus_12ab/notes/9": "/v1/pets/{id}/notes/{id2:int}",
    "/pets/3f2504e0-4f89-11d3-9a0c-0305e82c3301": "/pets/{id}",
    "/pets/a%20b": "/pets/{id}",
    "/pets/{x}": "/pets/{id}",
    "/pets/*": "/pets/{id}",
    "/pets/" + "a" * 60: "/pets/{id}",
    "/docs/d12:batchGet": "/docs/{id}:batchGet",
    "/docs:search": "/docs:search",
    "/a:b:get": "/{id}:get",
    "/chat.postMessage": "/chat.postMessage",
}


@pytest.mark.parametrize("path", CASES)
def test_templates(path: str) -> None:
    """What looks like an id becomes one, words stay."""
    assert template_of(path) == CASES[path]


@given(st.text(alphabet="aZ09{}*:%;.~ü-_", max_size=20).map(lambda text: f"/{text}"))
def test_a_template_names_what_was_seen(path: str) -> None:
    """For every path without escapes, whatever stands in it, unless no rule can name it."""
    try:
        track = read_path(template_of(path))
    except ValueError:
        return
    assert track.covers(tuple(path[1:].split("/"))).name == "TRUE"
