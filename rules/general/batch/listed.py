"""Requests in the lists of a body: `{"requests": [{"method": "GET", "url": "/me"}]}` and its relatives."""

from collections.abc import Iterator

from rules.call import HttpCall, PayloadKind
from rules.general.batch.inner import MAX_INNER, Asked, payload_of
from rules.headers import Fields
from rules.normalize import METHODS
from rules.request.strict_json import Json, parse

# Graph and OData, Azure, Facebook, Salesforce, Mailchimp, Asana.
_LISTS = frozenset(
    {
        "requests",
        "batch",
        "batchrequests",
        "compositerequest",
        "operations",
        "actions",
        "subrequests",
        "rest_requests",
    }
)
_HOLDERS = frozenset({"data", "graphs"})
# What may stand beside the list and asks for nothing.
_OPTIONS = frozenset(
    {
        "allornone",
        "collatesubrequests",
        "haltonerror",
        "access_token",
        "include_headers",
        "graphid",
        "batch_request_id",
    }
)
_METHOD = frozenset({"method", "httpmethod"})
_ADDRESS = frozenset({"url", "path", "relative_url", "relative_path", "uri"})
_BODY = frozenset({"body", "richinput", "content", "data"})
_HEADERS = frozenset({"headers", "httpheaders", "requestheaderdetails"})


def listed(call: HttpCall) -> list[Asked | None] | None:
    """The requests in the body of `call`, None for one that is not readable; None where there is no list."""
    entries = [entry for members in _members(call) for entry in _entries(members)]
    if not any(_resembles(entry) for entry in entries):
        return None
    return [_asked(entry) for entry in entries] if len(entries) <= MAX_INNER else [None]


def holds_nothing_else(call: HttpCall) -> bool:
    """Whether all that the body says is its list of requests."""
    return all(_is_plain(members) for members in _members(call))


def _members(call: HttpCall) -> list[dict[str, Json]]:
    value = call.payload.value
    if not isinstance(value, dict):
        return []
    return [_unfolded(value) if call.payload.kind is PayloadKind.FORM else value]


def _unfolded(members: dict[str, Json]) -> dict[str, Json]:
    """The members of a form, with the list that one of them holds as a text."""
    text = members.get("batch")
    if not isinstance(text, str):
        return members
    try:
        return members | {"batch": parse(text.encode())}
    except ValueError:
        return members


def _is_plain(members: dict[str, Json]) -> bool:
    known = _LISTS | _OPTIONS | _HOLDERS
    inner = [value for name, value in members.items() if name.lower() in _HOLDERS]
    below = [one for value in inner for one in (value if isinstance(value, list) else [value])]
    lists = sum(name.lower() in _LISTS | _HOLDERS for name in members)
    plain = all(isinstance(one, dict) and _is_plain(one) for one in below)
    return lists <= 1 and known.issuperset(name.lower() for name in members) and plain


def _entries(members: dict[str, Json], depth: int = 2) -> Iterator[Json]:
    for name, value in members.items():
        if name.lower() in _LISTS and isinstance(value, list):
            yield from value
        elif name.lower() in _HOLDERS and depth:
            for below in value if isinstance(value, list) else [value]:
                if isinstance(below, dict):
                    yield from _entries(below, depth - 1)


def _resembles(entry: Json) -> bool:
    if not isinstance(entry, dict):
        return False
    names = {name.lower(): value for name, value in entry.items()}
    methods = [value for name in _METHOD if isinstance(value := names.get(name), str)]
    return any(method.upper() in METHODS for method in methods) and not _ADDRESS.isdisjoint(names)


def _asked(entry: Json) -> Asked | None:
    """The request in `entry`; None where one of its parts is missing or there twice."""
    if not isinstance(entry, dict):
        return None
    method, address = _only(entry, _METHOD), _only(entry, _ADDRESS)
    fields = _fields(_only(entry, _HEADERS))
    if not isinstance(method, str) or not isinstance(address, str) or fields is None:
        return None
    if sum(name.lower() in _BODY for name in entry) > 1:
        return None
    return Asked(method=method, address=address, fields=fields, payload=payload_of(_only(entry, _BODY)))


def _only(entry: dict[str, Json], names: frozenset[str]) -> Json:
    found = [value for name, value in entry.items() if name.lower() in names]
    return found[0] if len(found) == 1 else None


def _fields(headers: Json) -> Fields | None:
    """The header fields of one request: an object, or a list of texts as `Name: value`."""
    if headers is None:
        return ()
    if not isinstance(headers, dict):
        return None
    return tuple((name.encode(), value.encode()) for name, value in headers.items() if isinstance(value, str))
