"""All operations of a document."""

from typing import Any

import pytest

from rules.openapi.operations import MAX_OPERATIONS, Found, read_operations
from tests.rules.openapi.documents import document, one

SWAGGER = {"swagger": "2.0", "host": "a.example", "basePath": "/v2", "paths": {"/pets": {"get": {}}}}


def lines(value: object) -> list[str]:
    """Method, host and path of each."""
    found = read_operations(value, host=None)
    assert isinstance(found, Found), found
    return [f"{o.method} {'+'.join(o.base.hosts)} {o.whole_path}" for o in found.operations]


def test_versions() -> None:
    """2.0 has one host, 3.x has servers, nearer ones in place of farther ones."""
    assert lines(SWAGGER) == ["GET a.example /v2/pets"]
    nearer = {
        "servers": [{"url": "https://p.example"}],
        "get": {},
        "put": {"servers": [{"url": "https://o.example/o"}]},
    }
    value = document({"/a": nearer, "/b": {"$ref": "#/paths/~1c"}, "/c": {"post": {}}, "x-own": 7})
    assert lines(value) == [
        "GET p.example /a",
        "PUT o.example /o/a",
        "POST api.pets.example /v1/b",
        "POST api.pets.example /v1/c",
    ]


def test_names_of_parts() -> None:
    """As the rule language writes them, whatever the document calls them."""
    assert lines(one("get /a/{pet-id}/{2nd}.json")) == ["GET api.pets.example /v1/a/{pet_id}/{_2nd}.json"]


WRONG: dict[str, tuple[Any, str, str]] = {
    "no mapping": ([1], "document", "must be a mapping"),
    "no version": ({}, "document", "is none"),
    "an unknown version": ({"openapi": "4.0.0", "paths": {}}, "document", "`4.0.0`"),
    "an old version": ({"swagger": "1.2"}, "document", "`1.2`"),
    "a version as number": ({"swagger": 2.0}, "swagger", "is a number"),
    "two versions": ({"swagger": "2.0", "openapi": "3.0.0"}, "document", "give a document"),
    "no paths": (document({}), "paths", "no operation"),
    "paths as list": (document({}) | {"paths": [1]}, "paths", "must be a mapping"),
    "a path as text": (document({"/a": "get"}), "paths./a", "must be a mapping"),
    "a method as text": (document({"/a": {"get": "x"}}), "paths./a.get", "must be a mapping"),
    "a method in capitals": (document({"/a": {"GET": {}}}), "paths./a.GET", "did you mean `get`?"),
    "a path without a slash": (document({"a": {"get": {}}}), "paths.a", "does not start with"),
    "a reference in a circle": (document({"/a": {"$ref": "#/paths/~1a"}}), "paths./a", "refers to itself"),
    "no server": ({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}, "paths./a.get", "`--host`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_hostile_documents(case: str) -> None:
    """One flaw, with its place and cure."""
    value, key, said = WRONG[case]
    flaws = read_operations(value, host=None)
    assert isinstance(flaws, tuple)
    assert [(flaw.key, said in flaw.message) for flaw in flaws] == [(key, True)]


@pytest.mark.parametrize(
    "path", ["/{a}-{b}", "/a?b=c", "/a#b", "/a/../b", "/{a+}", "/{a:[0-9]+}", "/a//b", "/a\n", "/\ud800"]
)
def test_paths_that_no_rule_can_name(path: str) -> None:
    """They are told apart from what makes a document useless."""
    found = read_operations(one(f"get {path}"), host=None)
    assert isinstance(found, Found)
    assert [flaw.path for flaw in found.unnameable] == [("paths", path)]
    assert found.operations == ()


def test_too_many_operations() -> None:
    """Each takes its time, and no rules file holds so many."""
    flaws = read_operations(document({f"/a{n}": {"get": {}} for n in range(MAX_OPERATIONS + 5)}), host=None)
    assert isinstance(flaws, tuple)
    assert ["split it by paths" in flaw.message for flaw in flaws] == [True]


def test_all_flaws_at_once() -> None:
    """Of every path one, up to a hundred."""
    flaws = read_operations(document({f"/{n}": 7 for n in range(500)}), host=None)
    assert isinstance(flaws, tuple)
    assert len(flaws) == 100
