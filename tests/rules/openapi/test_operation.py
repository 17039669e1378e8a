"""One operation and what the document says of it."""

from typing import Any

import pytest

from rules.openapi.flaw import Flaw
from rules.openapi.operation import Operation, Surroundings, read_operation
from rules.openapi.servers import Base

AT = ("paths", "/pets", "post")
BASES = (Base(path="/v1", hosts=("a.example",)), Base(path="/v2", hosts=("b.example",)))


def read(
    node: dict[str, Any], *, swagger: bool = False, parameters: tuple[object, ...] = ()
) -> list[Operation]:
    """The operation, in a document whose calls need the scope `all`."""
    security = [{"oauth": ["all"]}]
    around = Surroundings(
        bases=BASES, path="/pets", security=security, parameters=parameters, swagger=swagger
    )
    return read_operation(node, around, at=AT)


def test_once_for_each_base() -> None:
    """With the document's security where it has none of its own."""
    found = read({"operationId": "addPet", "description": "Adds one"})
    assert [operation.whole_path for operation in found] == ["/v1/pets", "/v2/pets"]
    assert {(o.method, o.name, o.summary, o.carries) for o in found} == {
        ("POST", "addPet", "Adds one", False)
    }
    assert found[0].alternatives == (frozenset({"all"}),)
    assert read({"security": []})[0].alternatives == ()


def test_bodies() -> None:
    """Of version 2 they are parameters, and what a reference leads to may be one."""
    assert read({"requestBody": {"content": {}}})[0].carries
    for parameter in ({"in": "body"}, {"in": "formData"}, {"$ref": "#/parameters/x"}, 7):
        assert read({"parameters": [parameter]}, swagger=True)[0].carries
        assert read({}, swagger=True, parameters=(parameter,))[0].carries
    assert not read({"parameters": [{"in": "query"}]}, swagger=True)[0].carries


WRONG: dict[str, dict[str, Any]] = {
    "a name": {"operationId": 7},
    "a summary": {"summary": ["a"]},
    "security": {"security": {"oauth": []}},
    "a requirement": {"security": ["oauth"]},
    "scopes": {"security": [{"oauth": "all"}]},
    "a scope": {"security": [{"oauth": [7]}]},
    "a word of a vendor": {"x-openai-isConsequential": "false"},
    "deprecated": {"deprecated": "yes"},
    "a body": {"requestBody": [1]},
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_kinds(case: str) -> None:
    """A flaw at the key; above all `"false"` is not false."""
    with pytest.raises(Flaw) as caught:
        read(WRONG[case])
    assert caught.value.path[:4] == (*AT, next(iter(WRONG[case])))
