"""Lists of requests in a body, as different vendors write them."""

from typing import Any

import pytest

from rules.general.batch.inner import MAX_INNER
from rules.general.batch.listed import holds_nothing_else, listed
from tests.rules.calls import http

_GET = {"method": "GET", "url": "/a"}

_LISTS: dict[str, tuple[Any, list[tuple[str, str] | None] | None]] = {
    "plain": ({"requests": [_GET]}, [("GET", "/a")]),
    "in other words": ({"batch": [{"httpMethod": "POST", "relative_url": "b"}]}, [("POST", "b")]),
    "one level below": ({"data": {"actions": [{"method": "get", "relative_path": "/c"}]}}, [("get", "/c")]),
    "in several places": (
        {"graphs": [{"compositeRequest": [_GET]}, {"compositeRequest": [_GET]}]},
        [("GET", "/a")] * 2,
    ),
    "beside one that is none": ({"requests": [_GET, 7]}, [("GET", "/a"), None]),
    "with two addresses": ({"requests": [_GET | {"path": "/b"}]}, [None]),
    "with two bodies": ({"requests": [_GET | {"body": 1, "content": 2}]}, [None]),
    "with headers of another type": ({"requests": [_GET | {"headers": "x"}]}, [None]),
    "too many": ({"requests": [_GET] * (MAX_INNER + 1)}, [None]),
    "of other things": ({"requests": [{"name": "x"}]}, None),
    "empty": ({"requests": []}, None),
    "no list": ({"requests": _GET}, None),
    "no object": ([_GET], None),
}


@pytest.mark.parametrize(("body", "expected"), _LISTS.values(), ids=_LISTS)
def test_what_is_listed(body: Any, expected: list[tuple[str, str] | None] | None) -> None:
    """Each request by its method and address, None for one that is not readable."""
    found = listed(http("POST g.test/batch", body))
    shown = None if found is None else [one and (one.method, one.address) for one in found]
    assert shown == expected


_PLAIN: dict[str, tuple[Any, bool]] = {
    "only the list": ({"requests": [_GET]}, True),
    "with an option": ({"compositeRequest": [_GET], "allOrNone": True}, True),
    "with something else": ({"requests": [_GET], "send": True}, False),
    "with a second list": ({"requests": [_GET], "batch": [_GET]}, False),
    "with something else below": ({"data": {"actions": [_GET], "send": True}}, False),
}


@pytest.mark.parametrize(("body", "expected"), _PLAIN.values(), ids=_PLAIN)
def test_whether_there_is_more(body: Any, expected: bool) -> None:
    """A member that is no list and no known option could ask for something."""
    assert holds_nothing_else(http("POST g.test/batch", body)) is expected
