"""Which operation takes back another."""

import pytest

from rules.openapi.inverse import Inverse, Inverses
from rules.openapi.operations import Found, read_operations
from tests.rules.openapi.documents import document

BODY: dict[str, object] = {"requestBody": {"content": {}}}
PATHS = {
    "/a/{id}/flag": {"put": {}, "delete": {}},
    "/a/{id}/file": {"put": BODY, "delete": {}},
    "/a/{id}/site": {"post": BODY, "delete": {}},
    "/a/{id}/labels": {"post": BODY},
    "/a/{id}/labels/{name}": {"delete": {}},
    "/a/{id}/star": {"post": {}},
    "/a/{id}/unstar": {"post": {}},
    "/a/{id}/alone": {"put": {}},
}
AT_URL = {
    "PUT flag": ("DELETE", "flag", True),
    "DELETE flag": ("PUT", "flag", True),
    "PUT file": ("DELETE", "file", False),
    "DELETE file": None,
    "POST site": ("DELETE", "site", True),
    "DELETE site": None,
    "POST labels": None,
    "PUT alone": None,
}
IN_FAMILY = {
    "POST labels": ("DELETE", "labels/{name}", True),
    "DELETE labels/{name}": ("POST", "labels", True),
    "POST star": ("POST", "unstar", True),
    "POST unstar": ("POST", "star", True),
    "PUT flag": ("DELETE", "flag", True),
    "PUT alone": None,
}


def inverse(line: str, *, family: bool) -> tuple[str, str, bool] | None:
    """Method and path of what takes it back, and whether it always does."""
    found = read_operations(document(PATHS), host=None)
    assert isinstance(found, Found)
    known = Inverses(found.operations)
    method, _, end = line.partition(" ")
    asked = next(o for o in found.operations if (o.method, o.path) == (method, f"/a/{{id}}/{end}"))
    answer: Inverse | None = known.within_family(asked) if family else known.of(asked)
    if answer is None:
        return None
    return (answer.method, answer.path.removeprefix("/v1/a/{id}/"), answer.exact)


@pytest.mark.parametrize("line", AT_URL)
def test_at_one_url(line: str) -> None:
    """What carries content is not brought back by a call that carries none."""
    assert inverse(line, family=False) == AT_URL[line]


@pytest.mark.parametrize("line", IN_FAMILY)
def test_within_a_family(line: str) -> None:
    """What is put on a thing may be taken off one step below, or by the opposite verb."""
    assert inverse(line, family=True) == IN_FAMILY[line]
