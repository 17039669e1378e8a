"""Requests inside a request: a batch is what the gravest of them is."""

from dataclasses import replace

from rules.call import HttpCall, Payload, PayloadKind
from rules.decode import operations
from rules.normalize import METHODS
from rules.request.spelling import fold
from rules.request.strict_json import Json
from rules.request.target import read_query, read_segments
from rules.verdict import Refusal

MAX_INNER = 200


def is_batch(call: HttpCall) -> bool:
    """Whether `call` goes to where an OData service takes batches."""
    return call.method == "POST" and call.segments[-1].lower() == "$batch"


def inner_calls(call: HttpCall) -> list[HttpCall] | None:
    """The requests in an OData JSON batch; None if `call` is none, or one that cannot be read.

    An address that begins with `/` is below the service for some servers and below the host for others:
    such a request is there twice.
    """
    if not is_batch(call):
        return None
    members = call.payload.value if isinstance(call.payload.value, dict) else {}
    listed = members.get("requests")
    if set(members) != {"requests"} or not isinstance(listed, list) or not 0 < len(listed) <= MAX_INNER:
        return None
    root = call.target.partition("?")[0].rpartition("/")[0]
    found = [_inner(call, entry, root) for entry in listed]
    return None if None in found else [inner for both in found if both is not None for inner in both]


def _inner(call: HttpCall, entry: Json, root: str) -> list[HttpCall] | None:
    if not isinstance(entry, dict):
        return None
    method, url = entry.get("method"), entry.get("url")
    if not isinstance(method, str) or not isinstance(url, str) or method.upper() not in METHODS:
        return None
    headers = entry.get("headers")
    if not isinstance(headers, dict | None) or _may_override([*(headers or {}), *_names(entry.get("body"))]):
        return None
    targets = [f"{root}{url}", url] if url.startswith("/") else [f"{root}/{url}"]
    found = [_at(call, method.upper(), target, entry.get("body")) for target in dict.fromkeys(targets)]
    return None if None in found else [inner for inner in found if inner is not None]


def _at(call: HttpCall, method: str, target: str, body: Json) -> HttpCall | None:
    segments, query = read_segments(target), read_query(target)
    if isinstance(segments, Refusal) or isinstance(query, Refusal) or segments[-1].lower() == "$batch":
        return None
    if _may_override([name for name, _ in query]):
        return None
    inner = replace(
        call,
        method=method,
        target=target,
        segments=segments,
        query=query,
        fields=(),
        body=b"",
        payload=Payload(kind=PayloadKind.EMPTY if body is None else PayloadKind.JSON, value=body),
        overrides=(),
        other_paths=(),
    )
    return replace(inner, operations=operations(inner))


def _names(body: Json) -> list[str]:
    return list(body) if isinstance(body, dict) else []


def _may_override(names: list[str]) -> bool:
    """Whether one of them could name another method or target: then the request has two readings."""
    return any(word in fold(name) for name in names for word in ("method", "override", "url", "path"))
