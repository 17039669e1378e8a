"""Which calls a rule by the path would keep from being read: those whose payload may be graver than it."""

from dataclasses import replace

from rules.call import HttpCall, Pairs, Payload, PayloadKind
from rules.decode import operations
from rules.general.http import stated_http
from rules.verdict import Tier

_STATEMENT = "DROP TABLE a"
_PAYLOADS: tuple[tuple[Pairs, Payload], ...] = (
    ((), Payload(kind=PayloadKind.JSON, value={"query": _STATEMENT, "sql": _STATEMENT, "q": _STATEMENT})),
    ((), Payload(kind=PayloadKind.FORM, value={"Action": "DeleteThing"})),
    ((("query", "mutation { deleteThing }"),), Payload(kind=PayloadKind.EMPTY)),
    ((("q", _STATEMENT), ("Action", "DeleteThing")), Payload(kind=PayloadKind.EMPTY)),
)


def empty_call(method: str, host: str, path: str) -> HttpCall:
    """A call without query and payload. `path` is decoded, and has one reading."""
    return HttpCall(
        method=method,
        scheme="https",
        host=host,
        port=443,
        target=path,
        segments=tuple(path[1:].split("/")),
        query=(),
        fields=(),
        body=b"",
        payload=Payload(kind=PayloadKind.EMPTY),
    )


def payload_counts(call: HttpCall, tier: Tier, *, described: bool = False) -> bool:
    """Whether a payload may make such a call graver than `tier`.

    `described`: it is known what the operation is, so only what is read at this path and not at every path
    counts.
    """
    for query, payload in _PAYLOADS:
        graver = stated_http(_carrying(call, query, payload)).effect
        elsewhere = stated_http(_carrying(replace(call, target="/a", segments=("a",)), query, payload)).effect
        if graver.tier > tier and not (described and graver.gravity <= elsewhere.gravity):
            return True
    return False


def _carrying(call: HttpCall, query: Pairs, payload: Payload) -> HttpCall:
    with_it = replace(call, query=query, payload=payload)
    return replace(with_it, operations=operations(with_it))
